import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { DEFAULT_EDGE, type Edge } from "../components/edges/edge";
import { markerOf } from "../components/page-server/marker";
import { BYPASS_HEADER, NO_BYPASS } from "../model/bypass";
import { type Instance, isBehind } from "../model/instances";
import { mapSome } from "./at-once";
import { visibleLine } from "./visible";

/** What a host answers a visitor with, as far as maintenance goes. */
export type Seen =
  /** A maintenance page, of this instance. */
  | {
      readonly what: "page";
      readonly status: number;
      readonly instance: string;
      readonly kind: string;
      /** The mark of the stack that serves it; see settings/stack-mark.ts. */
      readonly stack: string;
      /** The revision of the instance's own page that was asked for; `-` for the page of all instances. */
      readonly revision: string;
      /** Where the page server has the page from: `instance`, `shared`, `embedded` (its own copy) or `none`. */
      readonly source: string;
    }
  /** The not-found page: no Ingress has the host. */
  | { readonly what: "not-found"; readonly status: number }
  /** The 50x page: the instance fails, or does not answer. */
  | { readonly what: "failure"; readonly status: number }
  /** Anything else: the instance itself, most likely. */
  | {
      readonly what: "other";
      readonly status: number;
      /** Whether it is Traefik's own answer for a host without a route: that of Go's `http.NotFound`. */
      readonly isTraefiks?: true;
    }
  /** No answer. */
  | { readonly what: "nothing"; readonly reason: string };

/** One host at one edge. */
export interface Target {
  readonly instance: string;
  readonly host: string;
  readonly edge: Edge;
  /** Whether the instance may not have this host; see Instance. */
  readonly isAssumed?: boolean;
}

/** What a target answers. */
export interface Probed extends Target {
  readonly seen: Seen;
}

/**
 * Where an instance's hosts are probed: at each of its edges. Edges without an address are one target: the one that DNS leads to.
 */
export function targetsOf(instance: Instance, edges: readonly Edge[]): readonly Target[] {
  const { name, hosts, assumedHosts = [] } = instance;
  const own = edges.filter((edge) => isBehind(instance, edge.name));
  const distinct = own.filter((edge, index) => own.findIndex(({ address }) => address === edge.address) === index);
  return distinct.flatMap((edge) =>
    hosts.map((host) => ({ instance: name, host, edge, ...(assumedHosts.includes(host) ? { isAssumed: true } : {}) })),
  );
}

/** Whether an assumed host seems not to exist. */
export function isAbsent({ isAssumed, seen }: Probed): boolean {
  return isAssumed === true && seen.what === "nothing";
}

/** A target in a person's words. The edge is named where its address is known: without one, DNS decides. */
export function targetText({ host, edge }: Target): string {
  return edge.address === undefined || edge.name === DEFAULT_EDGE ? host : `${host} at ${edge.name}`;
}

const TIMEOUT_MILLISECONDS = 5000;

/**
 * Requests a host's home page as a browser would. It gets what a visitor gets, even from an address that is let in without a key.
 *
 * @param host a registered host; of a wildcard, a host that it stands for.
 * @param address the edge's address, such as `http://127.0.0.1:8080`, where DNS does not lead to it; otherwise `https://<host>`.
 * @param headers more headers, such as a bypass' key.
 */
export function probeHost(
  host: string,
  address: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const name = probedName(host);
  const url = new URL(address ?? `https://${name}`);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send(
      url,
      // No connection is kept: one that was opened before the controller's reload would still see the old routes.
      {
        agent: false,
        headers: { host: name, accept: "text/html", [BYPASS_HEADER]: NO_BYPASS, ...headers },
        servername: name,
        timeout: TIMEOUT_MILLISECONDS,
      },
      (response) => {
        response.resume();
        resolve(seen(response.statusCode ?? 0, response.headers));
      },
    );
    request.on("timeout", () => request.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)));
    request.on("error", (error) => resolve({ what: "nothing", reason: error.message }));
    request.end();
  });
}

/** The host name that a probe requests; of a wildcard, one that it stands for. */
export function probedName(host: string): string {
  return host.replace(/^\*\./, "maintenance-check.");
}

function seen(status: number, headers: IncomingHttpHeaders): Seen {
  const marker = markerOf(headers);
  const kind = marker.get("kind");
  if (kind === "not-found") return { what: "not-found", status };
  if (kind === "50x") return { what: "failure", status };
  const instance = marker.get("instance");
  if (kind === undefined || instance === undefined) {
    return { what: "other", status, ...(isNotFoundOfGo(status, headers) ? { isTraefiks: true } : {}) };
  }
  const [stack = "", revision = "", source = ""] = ["stack", "revision", "source"].map((name) => marker.get(name));
  return { what: "page", status, instance, kind, stack, revision, source };
}

// https://pkg.go.dev/net/http#NotFound: its text, with a line break, has 19 characters.
function isNotFoundOfGo(status: number, headers: IncomingHttpHeaders): boolean {
  return (
    status === 404 &&
    headers["content-length"] === "19" &&
    headers["content-type"] === "text/plain; charset=utf-8" &&
    headers["x-content-type-options"] === "nosniff"
  );
}

/**
 * What was seen, in a few words.
 *
 * @param isExpected whether it is what the host should show: then another answer than a page of ours is the site's.
 */
export function seenText(seen: Seen, isExpected = false): string {
  switch (seen.what) {
    case "page":
      return visibleLine(
        `${seen.status}, the ${seen.kind} page of ${seen.instance}${seen.source === "embedded" ? " (a copy)" : ""}`,
      );
    case "not-found":
      return `${seen.status}, the not-found page: no route has this host`;
    case "failure":
      return `${seen.status}, the 50x page: the instance fails`;
    case "other":
      return `${seen.status}, ${isExpected ? "the site itself" : "no page of ours"}`;
    case "nothing":
      return visibleLine(`no answer (${seen.reason})`);
  }
}

/** Probes many targets, some at a time; the answers are in their order. */
export async function probe(
  targets: readonly Target[],
  headers: Readonly<Record<string, string>> = {},
  atOnce = 16,
): Promise<readonly Probed[]> {
  return mapSome(targets, atOnce, async (target) => ({
    ...target,
    seen: await probeHost(target.host, target.edge.address, headers),
  }));
}
