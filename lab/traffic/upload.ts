import { connect } from "node:http2";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./visitor";

const PIECE_BYTES = 64 * 1024;
const TIMEOUT_MILLISECONDS = 20_000;

/**
 * Uploads a body over HTTP/2, as browsers do. An answer that comes before the end of the body ends the upload there without an error. Over
 * HTTP/1.1 Traefik can only close the connection, and a client that has not read the answer by then sees a reset.
 *
 * @param edge an address with `https:`; any certificate will do.
 * @param options.hasLength whether the request has the header Content-Length.
 */
export async function upload(
  edge: string,
  host: string,
  path: string,
  body: Buffer,
  options: { readonly method: string; readonly hasLength: boolean; readonly headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  const session = connect(edge, { rejectUnauthorized: false, servername: host });
  const stream = session.request({
    ":method": options.method,
    ":path": path,
    ":authority": host,
    ...(options.hasLength ? { "content-length": String(body.length) } : {}),
    ...options.headers,
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    for (const one of [session, stream]) one.on("error", reject);
    stream.on("response", (headers) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () =>
        resolve({ status: Number(headers[":status"]), headers, body: Buffer.concat(chunks).toString("utf8") }),
      );
    });
  });
  const pieces = Readable.from(piecesOf(body));
  pieces.on("error", () => {}); // the stream ended before the body
  pieces.pipe(stream);
  const late = sleep(TIMEOUT_MILLISECONDS, undefined, { ref: false }).then(() => {
    throw new Error(`no answer from ${host} in 20 s`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    pieces.destroy();
    session.destroy();
  }
}

function* piecesOf(body: Buffer): Generator<Buffer> {
  for (let from = 0; from < body.length; from += PIECE_BYTES) yield body.subarray(from, from + PIECE_BYTES);
}
