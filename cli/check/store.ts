import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

/** The answer of a store. */
export interface StoreAnswer {
  readonly status: number;
  /** By name, in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The body's begin. */
  readonly text: string;
}

const TIMEOUT_MILLISECONDS = 5000;

/** Longer than a list of one object. A page is longer, and nobody reads it here. */
const LONGEST_TEXT = 10_000;

/**
 * Requests something of a store, without a signature and without following redirects, as the page server does.
 *
 * @param certificateAuthority in PEM, if the store has a private one.
 * @throws when there is no answer, in five seconds at most.
 */
export function requestStore(url: string | URL, certificateAuthority: string | undefined): Promise<StoreAnswer> {
  const send = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
  const options = certificateAuthority === undefined ? {} : { ca: certificateAuthority };
  return new Promise((resolve, reject) => {
    const request = send(url, { agent: false, ...options }, (response) => {
      let text = "";
      const answer = () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        request.destroy();
      };
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
        if (text.length >= LONGEST_TEXT) answer();
      });
      response.on("end", answer);
      response.on("error", reject);
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)),
      TIMEOUT_MILLISECONDS,
    );
    request.on("error", reject);
    request.on("close", () => clearTimeout(timer));
    request.end();
  });
}
