import { lookup } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { checkServerIdentity, connect, type PeerCertificate } from "node:tls";
import type { Edge } from "../../components/edges/edge";
import type { Instance } from "../../model/instances";
import { listed, messageOf } from "../../model/problems";
import { mapSome } from "../at-once";
import { probedName, type Target, targetsOf } from "../probe";
import { type Finding, orOk } from "./finding";
import { leftFindings, MOST_MILLISECONDS } from "./limit";

const DNS = "DNS";
const CERTIFICATES = "certificates";

/** What can be wrong with a host. In the finding the hosts follow the text. */
const FAULTS = {
  absent: {
    check: DNS,
    result: "problem",
    text: "no such name in DNS",
    remedy: "Add a DNS record that leads to the edge, or remove the host from the instance in the registry.",
  },
  absentAside: {
    check: DNS,
    result: "warning",
    text: "no such name in DNS",
    remedy: "It is probed at the edge's address. Visitors need a DNS record, unless they find it in another way.",
  },
  unanswered: {
    check: DNS,
    result: "unknown",
    text: "DNS does not answer",
    remedy: "Is this computer online, and does it have a resolver that works?",
  },
  expired: {
    check: CERTIFICATES,
    result: "problem",
    text: "the certificate has expired",
    remedy: "Renew it. Browsers show a warning in the place of the page.",
  },
  early: {
    check: CERTIFICATES,
    result: "problem",
    text: "the certificate is not valid yet",
    remedy: "Is this computer's clock right? If so, browsers show a warning in the place of the page.",
  },
  other: {
    check: CERTIFICATES,
    result: "problem",
    text: "the certificate is of another host",
    remedy:
      "Give the instance's own route or the Gateway a certificate for it. Browsers show a warning in the place of the page.",
  },
  soon: {
    check: CERTIFICATES,
    result: "warning",
    text: "the certificate will expire soon",
    remedy: "See why it was not renewed yet; with cert-manager: kubectl describe certificates.",
  },
  untrusted: {
    check: CERTIFICATES,
    result: "warning",
    text: "this computer does not trust the certificate",
    remedy:
      "That is fine if it is of a private authority that visitors trust. Otherwise the chain may lack an intermediate certificate.",
  },
  unseen: {
    check: CERTIFICATES,
    result: "unknown",
    text: "no certificate was seen",
    remedy: "Is the edge up, and may this computer reach it (a firewall, a VPN)?",
  },
} as const satisfies Readonly<Record<string, Pick<Finding, "check" | "result" | "text" | "remedy">>>;

type What = keyof typeof FAULTS;

/** What is wrong with one host, at one place. */
interface Fault {
  readonly target: Target;
  readonly what: What;
  readonly detail?: string;
}

/** What a server shows in a TLS handshake. */
export interface Shown {
  readonly certificate: Pick<PeerCertificate, "subject" | "subjectaltname" | "valid_from" | "valid_to">;
  /** Why this computer does not trust it, as OpenSSL says it; `undefined` if it does. */
  readonly distrust: string | undefined;
}

/** Where visitors' encrypted connections come in. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** How hosts are looked at. */
export interface Sight {
  /** Whether DNS knows a name. Rejects when it does not answer. */
  readonly isKnown: (name: string) => Promise<boolean>;
  /** Makes a TLS handshake for a name. Rejects when there is none. */
  readonly shake: (place: Place, name: string) => Promise<Shown>;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

const AT_ONCE = 16;
/** Node resolves names in the four threads of libuv (doc/api/dns.md). The time of a fifth one would run while it waits for a thread. */
const NAMES_AT_ONCE = 4;
const TIMEOUT_MILLISECONDS = 5000;

/**
 * Checks the names and the certificates of all hosts: visitors must find the edge, and their browsers must trust it, to see a page.
 *
 * @param sight what to look with, for tests. @default this computer's DNS, network and clock
 * @returns a finding for each instance and each thing that is wrong. Without any: that it is ok, if anything was checked. And a
 *   warning of the hosts for which there was no time.
 */
export async function hostsFindings(
  instances: readonly Instance[],
  edges: readonly Edge[],
  sight: Partial<Sight> = {},
): Promise<readonly Finding[]> {
  const { isKnown, shake, now }: Sight = { isKnown: isKnownToDns, shake: shakeHands, now: Date.now, ...sight };
  const targets = instances.flatMap((instance) => targetsOf(instance, edges));
  const asked = nameTargets(targets);
  const names = await mapSome(
    asked,
    NAMES_AT_ONCE,
    async (target) => ({ target, name: await nameOf(target, isKnown) }),
    MOST_MILLISECONDS,
  );
  // Without a name there is no place for a handshake, and without an address no other.
  const known = new Set(names.filter(({ name }) => name.state === "known").map(({ target }) => target.host));
  const shown = targets.filter(({ host, edge }) => edge.address !== undefined || known.has(host));
  const places = shown.flatMap((target) => {
    const place = placeOf(target);
    return place === undefined ? [] : [{ target, place }];
  });
  const certificates = await mapSome(
    places,
    AT_ONCE,
    ({ target, place }) => certificateFaults(target, place, shake, now()),
    MOST_MILLISECONDS,
  );
  const good = certificates.filter((faults) => faults?.length === 0).length;
  return [
    ...findingsOf(DNS, names.flatMap(nameFaults), known.size, "DNS knows the hosts"),
    ...leftFindings(
      DNS,
      "hosts",
      asked.slice(names.length).map(({ instance }) => instance),
      asked.length,
    ),
    ...findingsOf(
      CERTIFICATES,
      certificates.flatMap((faults) => faults ?? []),
      good,
      "the certificates are valid, and not about to expire",
    ),
    ...leftFindings(
      CERTIFICATES,
      "hosts",
      places.slice(certificates.length).map(({ target }) => target.instance),
      places.length,
    ),
  ];
}

/** What is wrong, or that so many are ok; nothing if there are none. */
function findingsOf(check: string, faults: readonly Fault[], good: number, text: string): readonly Finding[] {
  return good === 0 && faults.length === 0 ? [] : orOk(check, grouped(faults), `${text} (${good})`);
}

/** Names that no DNS outside of a computer or a network knows (RFC 6761, RFC 6762). */
const SPECIAL = /\.(?:localhost|invalid|test|local)$/;

/**
 * One target for each host that DNS should know: that at which DNS leads to the edge, if there is one. Beside an address DNS decides only
 * whether visitors come.
 */
function nameTargets(targets: readonly Target[]): readonly Target[] {
  const byHost = new Map<string, Target>();
  for (const target of targets) {
    const isByName = target.edge.address === undefined;
    if (isByName || (!byHost.has(target.host) && !SPECIAL.test(target.host))) byHost.set(target.host, target);
  }
  return [...byHost.values()];
}

type NameState = { readonly state: "known" | "absent" } | { readonly state: "unanswered"; readonly reason: string };

async function nameOf({ host }: Target, isKnown: Sight["isKnown"]): Promise<NameState> {
  try {
    return { state: (await isKnown(probedName(host))) ? "known" : "absent" };
  } catch (error) {
    return { state: "unanswered", reason: messageOf(error) };
  }
}

function nameFaults({ target, name }: { readonly target: Target; readonly name: NameState }): readonly Fault[] {
  if (name.state === "known" || target.isAssumed) return [];
  const isByName = target.edge.address === undefined;
  if (name.state === "unanswered") return isByName ? [{ target, what: "unanswered", detail: name.reason }] : [];
  return [{ target, what: isByName ? "absent" : "absentAside" }];
}

/** Where a target's encrypted connections come in; `undefined` if the edge's address is a plain one. */
function placeOf({ host, edge: { address } }: Target): Place | undefined {
  const url = new URL(address ?? `https://${probedName(host)}`);
  if (url.protocol !== "https:") return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? 443 : Number(url.port) };
}

/** @returns `undefined` if the host need not have a certificate, and has none. */
async function certificateFaults(
  target: Target,
  place: Place,
  shake: Sight["shake"],
  now: number,
): Promise<readonly Fault[] | undefined> {
  try {
    const shown = await shake(place, probedName(target.host));
    return faultsIn(shown, target, now)?.map((fault) => ({ target, ...fault }));
  } catch (error) {
    return target.isAssumed ? undefined : [{ target, what: "unseen", detail: messageOf(error) }];
  }
}

const DAY_MILLISECONDS = 86_400_000;
const SOON_DAYS = 14;

function faultsIn(
  { certificate, distrust }: Shown,
  target: Target,
  now: number,
): readonly Omit<Fault, "target">[] | undefined {
  // It reads no other fields (lib/tls.js in nodejs/node).
  if (checkServerIdentity(probedName(target.host), certificate as PeerCertificate) !== undefined) {
    // The instance has no such host, or it would have a certificate.
    return target.isAssumed ? undefined : [{ what: "other", detail: ownerOf(certificate) }];
  }
  const [from, until] = [Date.parse(certificate.valid_from), Date.parse(certificate.valid_to)];
  if (until <= now) return [{ what: "expired", detail: dayOf(until) }];
  if (from > now) return [{ what: "early", detail: dayOf(from) }];
  // Certificates are renewed when a third of their time is left, by cert-manager and others. Some live for six days only.
  const isSoon = until - now < Math.min(SOON_DAYS * DAY_MILLISECONDS, (until - from) / 3);
  return [
    ...(distrust === undefined ? [] : [{ what: "untrusted" as const, detail: distrust }]),
    ...(isSoon ? [{ what: "soon" as const, detail: dayOf(until) }] : []),
  ];
}

/** Whose certificate it is: that of a controller has a telling name and no host. */
function ownerOf({ subject, subjectaltname = "" }: Shown["certificate"]): string {
  return subject?.CN === undefined ? subjectaltname.replaceAll("DNS:", "") : String(subject.CN);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** One finding for each instance and each thing that is wrong, at each address. */
function grouped(faults: readonly Fault[]): readonly Finding[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const { instance, edge } = fault.target;
    const key = [instance, fault.what, edge.address].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), fault]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { target, what } = first;
    const { check, result, text, remedy } = FAULTS[what];
    const hosts = group.map(({ target: { host }, detail }) => (detail === undefined ? host : `${host} (${detail})`));
    return [
      {
        check,
        instances: [target.instance],
        ...(check === CERTIFICATES && target.edge.address !== undefined ? { edge: target.edge.name } : {}),
        result,
        text: `${text}: ${listed(hosts, 5)}`,
        remedy,
      },
    ];
  });
}

async function isKnownToDns(name: string): Promise<boolean> {
  const late = sleep(TIMEOUT_MILLISECONDS, undefined, { ref: false }).then(() => {
    throw new Error(NO_ANSWER);
  });
  try {
    await Promise.race([lookup(name, { all: true }), late]);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTFOUND") return false;
    throw error;
  }
}

const NO_ANSWER = `no answer in ${TIMEOUT_MILLISECONDS / 1000} s`;

function shakeHands({ host, port }: Place, name: string): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const options = { host, port, servername: name, rejectUnauthorized: false, checkServerIdentity: () => undefined };
    const socket = connect(options, () => {
      const certificate = socket.getPeerCertificate();
      // The type says Error; it is OpenSSL's code (lib/_tls_wrap.js in nodejs/node, onConnectSecure).
      const distrust = socket.authorized ? undefined : inWords(String(socket.authorizationError));
      if (certificate.valid_to === undefined) reject(new Error("the server showed none"));
      else resolve({ certificate, distrust });
      socket.destroy();
    });
    const timer = setTimeout(() => socket.destroy(new Error(NO_ANSWER)), TIMEOUT_MILLISECONDS);
    socket.on("error", reject);
    socket.on("close", () => clearTimeout(timer));
  });
}

/** @example inWords("SELF_SIGNED_CERT_IN_CHAIN"); // "self signed cert in chain" */
function inWords(code: string): string {
  return code.toLowerCase().replaceAll("_", " ");
}
