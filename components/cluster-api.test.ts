import { createServer, type Server } from "node:http";
import { createServer as createEncryptedServer } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { ClusterApi, clusterReader, Unreachable } from "./cluster-api";

// A stand-in for the API server: it answers what a test gives it, one answer after the other.

interface Answer {
  readonly status: number;
  readonly body: object | string;
}

let answers: (Answer | "silent")[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => {
    const answer = answers.shift() ?? { status: 500, body: {} };
    if (answer === "silent") return;
    const { status, body } = answer;
    response.writeHead(status, { "x-from": "a pod" }).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const itemSchema = z.object({ spec: z.object({ port: z.number() }) });

const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Settings that lead to it, or to another cluster. */
function settings(cluster: object = { server: `http://${address()}`, "insecure-skip-tls-verify": true }) {
  const kubeconfig = stringify({
    clusters: [{ name: "here", cluster }],
    users: [{ name: "me", user: {} }],
    contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
    "current-context": "here",
  });
  return { kubernetes: { kubeconfig, context: "here" } };
}

function read(...all: readonly Answer[]) {
  answers = [...all];
  return clusterReader(settings()).list("/api/v1/things", itemSchema);
}

const list = (...items: readonly object[]): Answer => ({ status: 200, body: { items } });
const refusal = (status: number, message: string): Answer => ({ status, body: { kind: "Status", message } });

it("reads a list, and says of a type that the cluster does not have that there is none", async () => {
  expect(await read(list({ spec: { port: 80 } }))).toStrictEqual([{ spec: { port: 80 } }]);
  expect(await read(refusal(404, "not found"))).toBeUndefined();
  expect(await read({ status: 404, body: "404 page not found\n" })).toBeUndefined();
});

it.each([404, 502])(
  "a %s that is not from a Kubernetes API does not say that there is no such type",
  async (status) => {
    await expect(read({ status, body: "<html>Not Found</html>" })).rejects.toThrow(
      new Unreachable(`something answers at the kubeconfig's server that is no Kubernetes API (status ${status})`),
    );
  },
);

it("asks again while the API server is busy", async () => {
  expect(await read(refusal(429, "storage is (re)initializing"), list())).toStrictEqual([]);
});

it("tries an object again while the API server is busy, and not longer than the limit", async () => {
  const api = await ClusterApi.open(settings());
  const thing = { apiVersion: "v1", kind: "Thing", metadata: { name: "a", namespace: "pages" } };
  answers = [refusal(429, "too many requests"), { status: 200, body: thing }];
  expect((await api.dryRun(thing, 5000)).json()).toStrictEqual(thing);
  answers = [refusal(429, "too many requests"), { status: 200, body: thing }];
  expect((await api.dryRun(thing, 900)).status).toBe(429);
  answers = ["silent"];
  await expect(api.dryRun(thing, 100)).rejects.toThrow(Unreachable);
});

it("says what the API server says", async () => {
  await expect(read(refusal(403, "things is forbidden"))).rejects.toThrow(new Unreachable("things is forbidden"));
});

it("names the object that is not as expected, and its field", async () => {
  const odd = { metadata: { name: "odd", namespace: "shop" }, spec: { port: "http" } };
  await expect(read(list({ spec: { port: 80 }, metadata: { name: "a" } }, odd))).rejects.toThrow(
    /^the answer for \/api\/v1\/things is no list of such objects: shop\/odd, spec\.port: /,
  );
});

it("accepts a server without a scheme, as kubectl does", async () => {
  answers = [list()];
  expect(await clusterReader(settings({ server: address() })).list("/api/v1/things", itemSchema)).toStrictEqual([]);
});

it.each(["https://[::1", "https://api:port", "ftp://api.example.org"])(
  "says that the server %s is no URL",
  async (text) => {
    await expect(ClusterApi.open(settings({ server: text }))).rejects.toThrow(
      new Unreachable(`the server in the kubeconfig is no URL: ${text}`),
    );
  },
);

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === "::1"));
it.skipIf(!hasIpv6)("holds the certificate against an IPv6 address", async () => {
  const encrypted = createEncryptedServer({ key: KEY, cert: CERTIFICATE }, (_, response) => response.end("{}"));
  await new Promise<void>((resolve) => encrypted.listen(0, "::1", resolve));
  const { port } = encrypted.address() as AddressInfo;
  const authority = Buffer.from(CERTIFICATE).toString("base64");
  try {
    const api = await ClusterApi.open(
      settings({ server: `https://[::1]:${port}`, "certificate-authority-data": authority }),
    );
    expect((await api.get("/version")).status).toBe(200);
  } finally {
    encrypted.close();
  }
});

it("passes on the headers of an answer", async () => {
  answers = [list()];
  const { status, headers } = await (await ClusterApi.open(settings())).get("/api/v1/things");
  expect([status, headers["x-from"]]).toStrictEqual([200, "a pod"]);
  expect(Date.parse(headers.date ?? "")).not.toBeNaN();
});

// Of the address ::1, signed by itself, from 2020 to 2120. It is for this test alone, and its key is no secret.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8nLulNzmD3UguUsU
x28WVu4dCNb58MIsoiHBexE121KhRANCAARZ04uY1yDdZZvVLYWcgptWa9uCv4XJ
6nElTm80BudLKJsHrRnPnS/emwCOmOGPj64yzlFh1qTeYrB0y2li3dC9
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBXDCCAQKgAwIBAgIBATAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDANhcGkwIBcN
MjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMA4xDDAKBgNVBAMMA2FwaTBZ
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABFnTi5jXIN1lm9UthZyCm1Zr24K/hcnq
cSVObzQG50somwetGc+dL96bAI6Y4Y+PrjLOUWHWpN5isHTLaWLd0L2jTzBNMBsG
A1UdEQQUMBKHEAAAAAAAAAAAAAAAAAAAAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNV
HQ4EFgQUIPVxCwa2g63Fqp5adXvCFgLEjScwCgYIKoZIzj0EAwIDSAAwRQIgBiaq
hOOnE2X4h9cWrcKqTsG57n4UVhU7yP/uio/BjTMCIQDCeVOIGdlE45SFxMnzzTCp
/wbdLBLnqGdSOfJdHK0r4w==
-----END CERTIFICATE-----`;
