import { type Answer, BROWSER, visit } from "./visitor";

/** A browser's cookies by host, as the header `Cookie` has them. */
export type Cookies = ReadonlyMap<string, string>;

/** Where a link led. */
export interface Opened {
  /** The hosts that redirected, in order. */
  readonly walked: readonly string[];
  /** The host and path that did not redirect. */
  readonly end: string;
  readonly answer: Answer;
  readonly cookies: Cookies;
}

/** As many redirects as a browser follows (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
const MOST_REDIRECTS = 20;

/**
 * Opens a link as a browser does: follows redirects, and keeps cookies for the very host that set them.
 *
 * @param edge the address at which all hosts are, such as `http://127.0.0.1:8080`.
 * @param options.cookies those that are there already.
 * @param options.headers more headers of each request.
 * @throws when it has more redirects than a browser follows.
 */
export async function openLink(
  edge: string,
  link: string,
  options: { readonly cookies?: Cookies; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Opened> {
  const cookies = new Map(options.cookies);
  const walked: string[] = [];
  let url = new URL(link);
  while (walked.length <= MOST_REDIRECTS) {
    const { hostname, pathname, search } = url;
    const cookie = cookies.get(hostname);
    const headers = { ...BROWSER, ...options.headers, ...(cookie === undefined ? {} : { cookie }) };
    const answer = await visit(edge, hostname, pathname + search, { headers });
    const kept = withCookies(cookie, answer.headers["set-cookie"]);
    if (kept === "") cookies.delete(hostname);
    else cookies.set(hostname, kept);
    const { location } = answer.headers;
    if (typeof location !== "string") return { walked, end: hostname + pathname, answer, cookies };
    walked.push(hostname);
    url = new URL(location, url);
  }
  throw new Error(`too many redirects: ${walked.join(", ")}`);
}

function withCookies(cookie = "", set: string | readonly string[] = []): string {
  const all = new Map(cookie.split("; ").flatMap((one) => (one === "" ? [] : [pairOf(one)])));
  for (const one of [set].flat()) {
    const [first = "", ...attributes] = one.split("; ");
    const [name, value] = pairOf(first);
    if (attributes.includes("Max-Age=0")) all.delete(name);
    else all.set(name, value);
  }
  return [...all].map(([name, value]) => `${name}=${value}`).join("; ");
}

function pairOf(cookie: string): readonly [string, string] {
  const [name = "", value = ""] = cookie.split("=");
  return [name, value];
}
