// Pulumi takes a stack trace with every promise of every resource, for whoever debugs promises that were never awaited
// (PULUMI_DEBUG_PROMISE_LEAKS), and its runner looks up each frame of it in the source maps: with that this program took 3.3 s
// on mocks, and 2.5 s without (medians by turns). Those are left as they are; every other one has the lines of the source.
const mapped = Error.prepareStackTrace;
if (mapped !== undefined) {
  Error.prepareStackTrace = (error, frames) =>
    frames[0]?.getFunctionName() === "debuggablePromise"
      ? [error, ...frames.map((frame) => `    at ${frame}`)].join("\n")
      : mapped(error, frames);
}
