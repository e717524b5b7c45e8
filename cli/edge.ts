import { request as askPlain, type IncomingHttpHeaders } from "node:http";
import { request as askEncrypted } from "node:https";
import { markerOf } from "../components/page-server.nginx";

/** What a host answers a visitor with, as far as maintenance goes. */
export type Seen =
  /** A maintenance page, of this instance. */
  | {
      readonly what: "page";
      readonly status: number;
      readonly instance: string;
      readonly kind: string;
      readonly deployment: string;
    }
  /** Nobody's page: no Ingress has the host. */
  | { readonly what: "not-found"; readonly status: number }
  /** The 50x page: the instance fails, or nobody answers for it. */
  | { readonly what: "failure"; readonly status: number }
  /** Anything else: the instance itself, most likely. */
  | { readonly what: "other"; readonly status: number }
  /** No answer. */
  | { readonly what: "nothing"; readonly reason: string };

const TIMEOUT_MILLISECONDS = 5000;

/**
 * Asks a host what it shows, as a browser would.
 *
 * @param host a registered host; for a wildcard any host that it stands for is asked.
 * @param edge the edge's address, such as `http://127.0.0.1:8080`, where DNS does not lead to it; otherwise
 *   `https://<host>` is asked.
 * @param headers more headers, such as that of a bypass.
 */
export function askHost(host: string, edge?: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const name = nameToAsk(host);
  const url = new URL(edge ?? `https://${name}`);
  const ask = url.protocol === "https:" ? askEncrypted : askPlain;
  return new Promise((resolve) => {
    const asked = ask(
      url,
      // No connection is kept: one that was opened before the controller's reload would still see the old routes.
      {
        agent: false,
        headers: { host: name, accept: "text/html", ...headers },
        servername: name,
        timeout: TIMEOUT_MILLISECONDS,
      },
      (response) => {
        response.resume();
        resolve(seen(response.statusCode ?? 0, response.headers));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)));
    asked.on("error", (error) => resolve({ what: "nothing", reason: error.message }));
    asked.end();
  });
}

/** A host's name to ask for; of a wildcard one that it stands for. */
export function nameToAsk(host: string): string {
  return host.replace(/^\*\./, "maintenance-check.");
}

function seen(status: number, headers: IncomingHttpHeaders): Seen {
  const marker = markerOf(headers);
  const kind = marker.get("kind");
  if (kind === "not-found") return { what: "not-found", status };
  if (kind === "50x") return { what: "failure", status };
  const instance = marker.get("instance");
  if (kind === undefined || instance === undefined) return { what: "other", status };
  return { what: "page", status, instance, kind, deployment: marker.get("deployment") ?? "" };
}

/** What was seen, in a few words. */
export function inWords(seen: Seen): string {
  switch (seen.what) {
    case "page":
      return `${seen.status}, the ${seen.kind} page of ${seen.instance}`;
    case "not-found":
      return `${seen.status}, the not-found page: no Ingress has this host`;
    case "failure":
      return `${seen.status}, the 50x page: the instance fails`;
    case "other":
      return `${seen.status}, no page of ours`;
    case "nothing":
      return `no answer (${seen.reason})`;
  }
}

/** Asks many hosts, some at a time. */
export async function askHosts(
  hosts: readonly string[],
  edge: string | undefined,
  headers: Readonly<Record<string, string>> = {},
  atOnce = 16,
): Promise<ReadonlyMap<string, Seen>> {
  const answers = new Map<string, Seen>();
  const left = [...hosts];
  const work = async () => {
    for (let host = left.shift(); host !== undefined; host = left.shift()) {
      answers.set(host, await askHost(host, edge, headers));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}
