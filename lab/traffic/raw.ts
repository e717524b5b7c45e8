import { connect } from "node:net";

// Requests as bytes, for what no client library would send.

export interface Sending {
  /** Bytes one at a time, with this many milliseconds between. @default all at once */
  readonly every?: number;
  /** After how many milliseconds the visitor goes, answered or not. @default 3000 */
  readonly patience?: number;
  /** How many answers there will be. @default as many as come until the connection ends */
  readonly answers?: number;
}

/**
 * Sends bytes as they are to an address such as `http://127.0.0.1:8080`.
 *
 * @param sent text is sent as Latin-1, a byte a character.
 * @returns whatever comes back, as Latin-1; nothing when the connection is refused or ends unanswered.
 */
export function send(address: string, sent: string | Buffer, options: Sending = {}): Promise<string> {
  const { every, patience = 3000, answers } = options;
  const bytes = typeof sent === "string" ? Buffer.from(sent, "latin1") : sent;
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => {
      if (every === undefined) socket.write(bytes);
      else drip(0);
    });
    const drip = (index: number) => {
      if (socket.destroyed || index >= bytes.length) return;
      socket.write(bytes.subarray(index, index + 1));
      setTimeout(drip, every, index + 1);
    };
    const timer = setTimeout(() => socket.destroy(), patience);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answers !== undefined && statusesIn(answer).length >= answers) setTimeout(() => socket.destroy(), 100);
    });
    // nginx ends a connection whose request it refuses while the rest of it is still being sent.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** The status of each answer, in order. */
export function statusesIn(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
