import type { EdgeKind, Lab } from "../lab";
import {
  headOf,
  hostileBodies,
  hostileHeaders,
  hostilePaths,
  hostileRequests,
  MARK,
  type Target,
} from "../traffic/hostile";
import { send, statusesIn } from "../traffic/raw";
import { visit } from "../traffic/visitor";
import { seeInstance, seePage } from "./seen";
import type { Step } from "./step";

// What somebody sends to the edge who means harm; test/e2e/abuse.test.ts has the same for the page server alone.

const ACME: Target = {
  host: "acme.localhost",
  extraHeaders: "",
  home: "/",
  othersHost: "nobody.localhost",
  others: "/beta/scheduled/0000000000000001/",
  page: 503,
};
const NOBODY: Target = { ...ACME, host: "nobody.localhost", othersHost: "acme.localhost", page: 404 };

/** Ways out of the one path that the override leaves to the instance. */
const AROUND_THE_CHALLENGE = [
  "/.well-known/acme-challenged",
  "/.well-known/acme-challenge/../../courses",
  "/.well-known/acme-challenge/%2e%2e/%2e%2e/courses",
  "/.well-known/acme-challenge/..%2f..%2fcourses",
  "/.well-known/acme-challenge/.%2e//..//courses",
  "/courses/.well-known/acme-challenge/token",
  "/courses?/.well-known/acme-challenge/token",
  "/courses#/.well-known/acme-challenge/token",
  "/courses%0a/.well-known/acme-challenge/token",
  "/%0a/.well-known/acme-challenge/token",
] as const;

interface Sent {
  readonly what: string;
  readonly bytes: string | Buffer;
}

function hostileTo(target: Target): readonly Sent[] {
  const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${headOf(target)}${headers}\r\n`;
  return [
    ...[...hostilePaths, ...AROUND_THE_CHALLENGE].flatMap((path) =>
      [path, `${path}?${MARK}`, `${path}/${MARK}`].map((asked) => ({ what: `GET ${asked}`, bytes: get(asked) })),
    ),
    ...hostileHeaders(target.others).map((header) => ({ what: header, bytes: get(`/?${MARK}`, `${header}\r\n`) })),
    ...[...hostileRequests(target), ...hostileBodies(target)].map(([what, bytes]) => ({ what, bytes })),
  ];
}

const NOTHING_GIVEN = "one answer to each; none is 200, a file, or anything that was sent; never the instance";

/** While acme is in maintenance. */
export const abuseSteps: readonly Step[] = [
  {
    step: `acme and a host that nobody owns: ${hostileTo(ACME).length} requests each, byte by byte: paths out of the pages, forged headers, too large, malformed, smuggled`,
    expected: NOTHING_GIVEN,
    see: async (lab) => {
      const wrong = [...(await wronglyAnswered(lab, ACME)), ...(await wronglyAnswered(lab, NOBODY))];
      return wrong.length === 0 ? NOTHING_GIVEN : wrong.join("\n");
    },
  },
  {
    step: "acme: 20 requests in one write, while 50 visitors send a byte each 50 ms",
    expected: "20 pages; in time: 503, the page of acme (unscheduled, shared); 200 from beta",
    see: pipelinedAndSlow,
  },
];

const ALLOWED = [400, 404, 405, 413, 414, 501, 503, 505];
/** What Envoy Gateway answers to an escaped slash: a redirect to the same path without the escape (its pathSettings.escapedSlashesAction). */
const REDIRECTED = 307;
const ESCAPED_SLASH = /^GET [^?]*%(?:2f|5c)/i;
/**
 * Traefik itself answers 500 to a body that breaks off, or is not as its headers say. Envoy itself answers 426 to another version of HTTP, and 431
 * to large headers.
 */
const ALLOWED_OF: Readonly<Record<EdgeKind, readonly number[]>> = {
  "ingress-nginx": ALLOWED,
  traefik: [...ALLOWED, 500],
  "gateway-api": [...ALLOWED, 426, 431],
};
const AT_ONCE = 16;

/**
 * The statuses with which a controller itself may answer a request, joined. Envoy answers HTTP/2 in its own protocol. Traefik closes the
 * connection when the first byte is none of HTTP, and answers HTTP/2 and TLS in their own protocols. Its middleware retry loses the status of
 * an answer that comes before all headers were sent, and then Traefik says 200 (pkg/middlewares/retry/retry.go in traefik/traefik,
 * WriteHeader). Headers of up to 64 kB are sent at once.
 */
const OF_CONTROLLER: Readonly<Record<EdgeKind, Readonly<Record<string, string>>>> = {
  "ingress-nginx": {},
  traefik: { noise: "", "HTTP/2 in clear text": "", "a TLS handshake": "", "10,000 headers": "200" },
  "gateway-api": { "HTTP/2 in clear text": "" },
};

async function wronglyAnswered({ edge, here: { kind } }: Lab, target: Target): Promise<readonly string[]> {
  const left = [...hostileTo(target)];
  const wrong: string[] = [];
  const work = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const answer = await send(edge, next.bytes);
      const statuses = statusesIn(answer);
      const isRedirected =
        kind === "gateway-api" && statuses.join() === String(REDIRECTED) && ESCAPED_SLASH.test(next.what);
      const found =
        /root:|worker_processes|proxy_pass|<Key>|ListBucket|this is \w+:/.exec(answer)?.[0] ??
        (answer.includes(MARK) && !isRedirected ? MARK : undefined);
      const isRight =
        isRedirected ||
        OF_CONTROLLER[kind][next.what] === statuses.join() ||
        (statuses.length === 1 && statuses.every((status) => ALLOWED_OF[kind].includes(status)));
      if (!isRight || found !== undefined) {
        wrong.push(`${target.host}: ${next.what.slice(0, 80)}: ${statuses.join()} ${found ?? ""}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return wrong;
}

async function pipelinedAndSlow({ edge, cluster }: Lab): Promise<string> {
  // Each connection through an API server is a forward of its own, and 50 of them at once take seconds on two cores.
  const limit = cluster.embedded === undefined ? 10_000 : 2000;
  const one = `GET /courses?${MARK} HTTP/1.1\r\nHost: acme.localhost\r\nAccept: text/html\r\n\r\n`;
  const slow = Array.from({ length: 50 }, () => send(edge, one, { every: 50 }));
  const begin = Date.now();
  const answer = await send(edge, one.repeat(20), { answers: 20, patience: limit });
  const pages = statusesIn(answer).filter((status) => status === 503).length;
  const acme = await seePage(visit(edge, "acme.localhost"));
  const beta = await seeInstance(visit(edge, "beta.localhost"));
  const took = Date.now() - begin;
  await Promise.all(slow);
  return `${pages} pages; ${took < limit ? "in time" : `after ${took} ms`}: ${acme}; ${beta}`;
}
