import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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

/** Settings that lead to it. */
function settings() {
  const { port } = server.address() as AddressInfo;
  const kubeconfig = stringify({
    clusters: [{ name: "here", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
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

it("passes on the headers of an answer", async () => {
  answers = [list()];
  const { status, headers } = await (await ClusterApi.open(settings())).get("/api/v1/things");
  expect([status, headers["x-from"]]).toStrictEqual([200, "a pod"]);
  expect(Date.parse(headers.date ?? "")).not.toBeNaN();
});
