/**
 * Ends this process with a code, as soon as everything that it wrote has arrived. Node itself would wait for whatever is still going on, such as a
 * look-up of a receiver's name: for up to half a minute where the name servers do not answer, and nothing can interrupt it (uv_getaddrinfo).
 *
 * @param {number} code
 */
exports.exitWith = (code) => {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
};
