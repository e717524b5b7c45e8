import type { AddressInfo } from "node:net";
import { createServer as createPlainServer } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { edgesOf } from "../../components/edges";
import { edgesSchema } from "../../components/edges/settings";
import type { Instance } from "../../model/instances";
import { hostsFindings, type Shown, type Sight } from "./hosts";

const acme: Instance = {
  name: "acme",
  hosts: ["acme.example.org", "studio.acme.example.org", "preview.acme.example.org"],
  assumedHosts: ["preview.acme.example.org"],
};
const local: Instance = { name: "beta", hosts: ["*.beta.localhost"] };

const BY_NAME = { default: { kind: "ingress-nginx" } };
const BY_ADDRESS = { public: { kind: "traefik", address: "https://203.0.113.7:8443" } };
const PLAIN = { public: { kind: "traefik", address: "http://203.0.113.7:8080" } };

const NOW = Date.parse("2026-12-01T12:00:00Z");
const day = (days: number) => new Date(NOW + days * 86_400_000).toUTCString();

/** A certificate for these names, valid from and until so many days from now. */
const certificate = (
  names: string,
  { from = -30, until = 60, distrust }: { from?: number; until?: number; distrust?: string } = {},
): Shown => ({
  certificate: {
    subject: { CN: names } as Shown["certificate"]["subject"],
    subjectaltname: names
      .split(" ")
      .map((name) => `DNS:${name}`)
      .join(", "),
    valid_from: day(from),
    valid_to: day(until),
  },
  distrust,
});
const GOOD = certificate("acme.example.org *.acme.example.org *.beta.localhost");

/** What is found of these instances, and what was looked at. By default DNS knows every name, and every certificate is good. */
async function found(
  edges: object,
  { isKnown = async () => true, shake = async () => GOOD }: Partial<Sight> = {},
  instances: readonly Instance[] = [acme],
) {
  const [asked, shaken]: [string[], string[]] = [[], []];
  const findings = await hostsFindings(instances, edgesOf(edgesSchema.parse(edges)), {
    isKnown(name) {
      asked.push(name);
      return isKnown(name);
    },
    shake(place, name) {
      shaken.push(`${name} at ${place.host}:${place.port}`);
      return shake(place, name);
    },
    now: () => NOW,
  });
  const texts = findings.map(({ result, check, text }) => `${result}: ${check}: ${text}`);
  return { findings, texts, asked, shaken, certificates: texts.filter((text) => text.includes("certificates: ")) };
}

it("asks DNS for each host, and looks at its certificate there", async () => {
  const { texts, asked, shaken } = await found(BY_NAME, {}, [acme, local]);
  expect(asked).toStrictEqual([...acme.hosts, "maintenance-check.beta.localhost"]);
  expect(shaken).toStrictEqual(asked.map((name) => `${name} at ${name}:443`));
  expect(texts).toStrictEqual([
    "ok: DNS: DNS knows the hosts (4)",
    "ok: certificates: the certificates are valid, and not about to expire (4)",
  ]);
});

it("looks at the certificates of each encrypted address, once for all edges without one", async () => {
  const edges = {
    old: { kind: "ingress-nginx" },
    public: BY_ADDRESS.public,
    next: { kind: "traefik", namespace: "next" },
    plain: { ...PLAIN.public, namespace: "plain" },
  };
  const { shaken } = await found(edges, {}, [{ name: "acme", hosts: ["acme.example.org"] }]);
  expect(shaken).toStrictEqual(["acme.example.org at acme.example.org:443", "acme.example.org at 203.0.113.7:8443"]);
});

describe("a host that DNS does not know", () => {
  const isKnown: Sight["isKnown"] = async (name) => name === "acme.example.org";

  it("is a problem where DNS leads to the edge, unless it is assumed; and there is no certificate", async () => {
    const { findings, shaken } = await found(BY_NAME, { isKnown });
    expect(findings[0]).toStrictEqual({
      check: "DNS",
      instances: ["acme"],
      result: "problem",
      text: "no such name in DNS: studio.acme.example.org",
      remedy: "Add a DNS record that leads to the edge, or remove the host from the instance in the registry.",
    });
    expect(shaken).toStrictEqual(["acme.example.org at acme.example.org:443"]);
  });

  it("is a warning at an edge with an address, unless no DNS can know it", async () => {
    const { texts, asked } = await found(PLAIN, { isKnown }, [acme, local]);
    expect(texts).toStrictEqual(["warning: DNS: no such name in DNS: studio.acme.example.org"]);
    expect(asked).toStrictEqual(acme.hosts);
  });

  it("is not known to be one if DNS does not answer", async () => {
    const silent = { isKnown: () => Promise.reject(new Error("no answer in 5 s")) };
    expect((await found(BY_NAME, silent)).texts).toStrictEqual([
      "unknown: DNS: DNS does not answer: acme.example.org (no answer in 5 s), studio.acme.example.org (no answer in 5 s)",
    ]);
    expect((await found(BY_ADDRESS, silent)).texts).toStrictEqual([
      "ok: certificates: the certificates are valid, and not about to expire (3)",
    ]);
  });

  it("is not counted among those that are ok if it is assumed", async () => {
    const { texts } = await found(BY_NAME, { isKnown: async (name) => name !== "preview.acme.example.org" });
    expect(texts).toStrictEqual([
      "ok: DNS: DNS knows the hosts (2)",
      "ok: certificates: the certificates are valid, and not about to expire (2)",
    ]);
  });
});

describe("after a minute no other host is looked at, and a warning counts them", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => vi.useRealTimers());
  const late = () => vi.advanceTimersByTime(30_000);

  it("where DNS does not answer: then there is no place for a handshake either", async () => {
    const isKnown = () => {
      late();
      return Promise.reject(new Error("no answer in 5 s"));
    };
    const { findings, asked, shaken } = await found(BY_NAME, { isKnown });
    expect(findings.map(({ result }) => result)).toStrictEqual(["unknown", "warning"]);
    expect(findings[1]).toMatchObject({ check: "DNS", instances: ["acme"] });
    expect(findings[1]?.text).toMatch(/^1 of 3 hosts were not looked at/);
    expect([asked.length, shaken.length]).toStrictEqual([2, 0]);
  });

  it("where handshakes take long", async () => {
    const shake = async () => {
      late();
      return GOOD;
    };
    const { texts } = await found(BY_NAME, { shake });
    expect(texts).toStrictEqual([
      "ok: DNS: DNS knows the hosts (3)",
      "ok: certificates: the certificates are valid, and not about to expire (2)",
      expect.stringMatching(/^warning: certificates: 1 of 3 hosts were not looked at/),
    ]);
  });
});

describe("a certificate", () => {
  const NAMES = "acme.example.org *.acme.example.org";
  const seen = async (shown: Shown) => (await found(BY_ADDRESS, { shake: async () => shown })).certificates;
  const all = (detail: string) => acme.hosts.map((host) => `${host} (${detail})`).join(", ");

  it.each<[string, Shown, string]>([
    [
      "that has expired",
      certificate(NAMES, { until: -1 }),
      `problem: certificates: the certificate has expired: ${all("2026-11-30")}`,
    ],
    [
      "that is not valid yet",
      certificate(NAMES, { from: 1 }),
      `problem: certificates: the certificate is not valid yet: ${all("2026-12-02")}`,
    ],
    [
      "that will expire",
      certificate(NAMES, { until: 13 }),
      `warning: certificates: the certificate will expire soon: ${all("2026-12-14")}`,
    ],
    [
      "that lives for six days",
      certificate(NAMES, { from: -3, until: 3 }),
      "ok: certificates: the certificates are valid, and not about to expire (3)",
    ],
    [
      "that lived for six days",
      certificate(NAMES, { from: -5, until: 1 }),
      `warning: certificates: the certificate will expire soon: ${all("2026-12-02")}`,
    ],
    [
      "that this computer does not trust",
      certificate(NAMES, { distrust: "self signed" }),
      `warning: certificates: this computer does not trust the certificate: ${all("self signed")}`,
    ],
    [
      "of a controller",
      certificate("TRAEFIK-DEFAULT-CERT"),
      "problem: certificates: the certificate is of another host: acme.example.org (TRAEFIK-DEFAULT-CERT), studio.acme.example.org (TRAEFIK-DEFAULT-CERT)",
    ],
  ])("%s", async (_, shown, text) => {
    expect(await seen(shown)).toStrictEqual([text]);
  });

  it("that is not trusted and will expire is both", async () => {
    expect(await seen(certificate(NAMES, { until: 3, distrust: "self signed" }))).toHaveLength(2);
  });

  it("is named with its edge, and with its names if it has no other", async () => {
    const { certificate: names } = certificate("*.example.net");
    const shown = { certificate: { ...names, subject: {} as typeof names.subject }, distrust: undefined };
    const { findings } = await found(BY_ADDRESS, { shake: async () => shown });
    expect(findings[1]).toMatchObject({ edge: "public", instances: ["acme"] });
    expect(findings[1]?.text).toContain("acme.example.org (*.example.net), ");
  });

  it("is not known if there is no handshake", async () => {
    const shake = () => Promise.reject(new Error("connect ECONNREFUSED"));
    expect((await found(BY_ADDRESS, { shake })).certificates).toStrictEqual([
      "unknown: certificates: no certificate was seen: acme.example.org (connect ECONNREFUSED), studio.acme.example.org (connect ECONNREFUSED)",
    ]);
  });
});

describe("a real handshake", () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer({ key: KEY, cert: CERTIFICATE });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => server.close());

  const certificatesAt = async (port: number) => {
    const address = `https://127.0.0.1:${port}`;
    const edges = edgesOf(edgesSchema.parse({ public: { kind: "traefik", address } }));
    const hosts = ["acme.example.org", "studio.acme.example.org"];
    const findings = await hostsFindings([{ name: "acme", hosts }], edges, {
      isKnown: async () => true,
      now: () => NOW,
    });
    return findings.flatMap(({ check, text }) => (check === "certificates" ? [text] : []));
  };

  it("shows the certificate", async () => {
    expect(await certificatesAt((server.address() as AddressInfo).port)).toStrictEqual([
      "this computer does not trust the certificate: acme.example.org (depth zero self signed cert)",
      "the certificate is of another host: studio.acme.example.org (acme.example.org)",
    ]);
  });

  it("needs a server that makes one", async () => {
    const deaf = createPlainServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    const [text] = await certificatesAt((deaf.address() as AddressInfo).port);
    expect(text).toMatch(/^no certificate was seen: acme\.example\.org \(.+\), studio\.acme\.example\.org/);
    deaf.close();
  });
});

it("asks this computer's DNS", async () => {
  const hosts = ["localhost", "nobody.invalid"];
  const findings = await hostsFindings([{ name: "acme", hosts }], edgesOf(edgesSchema.parse(BY_NAME)), {
    shake: async () => certificate("localhost"),
    now: () => NOW,
  });
  // Without a network DNS does not answer.
  expect(findings[0]?.text).toMatch(/^(?:no such name in DNS|DNS does not answer): nobody\.invalid/);
  expect(findings[1]?.result).toBe("ok");
});

// Of acme.example.org, signed by itself, from 2020 to 2120. It is for this test alone, and its key is no secret.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkLx9KDQYn0G9/Yga
XsHHx/kY9Cje1IP/p2ofIutNYQahRANCAARw0P183HFcBklJoVd5Md4XOQnLy8bT
94fZXNd9Ue1TzAVFj7BCI89YD5D2eJ5OZTmcupTDZlllMFy0b/ZYf1df
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZDCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBhY21lLmV4
YW1wbGUub3JnMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAbMRkw
FwYDVQQDDBBhY21lLmV4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEcND9fNxxXAZJSaFXeTHeFzkJy8vG0/eH2VzXfVHtU8wFRY+wQiPPWA+Q9nie
TmU5nLqUw2ZZZTBctG/2WH9XX6M+MDwwGwYDVR0RBBQwEoIQYWNtZS5leGFtcGxl
Lm9yZzAdBgNVHQ4EFgQUEowMG574FNovzNKzS2xKNIb5xakwCgYIKoZIzj0EAwID
RwAwRAIgOpc4WxScDjT85ohwkgaY7SOTEu2DXWZVidQE3cW1YvgCIF71YBSZaMDQ
gpexS0ksr0iF17t9pyzukGL1uQHPr8Lh
-----END CERTIFICATE-----`;
