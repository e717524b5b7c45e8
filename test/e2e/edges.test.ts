import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../../cli/errors";
import { makeAuthority } from "../../lab/cluster/certificates";
import { CONFIG_MAP, SECOND } from "../../lab/edges/ingress-nginx/objects";
import { type Lab, startLab } from "../../lab/lab";
import { hostsOf, ingressOf, type Sample } from "../../lab/samples";
import { isPageOf, marker } from "../../lab/scenario/seen";
import { startLoad } from "../../lab/traffic/load";
import { type Answer, untilAnswer, visit } from "../../lab/traffic/visitor";

// Two real ingress-nginx controllers with two classes on one cluster: acme is behind the first, beta behind the second, and gamma behind
// both.

let lab: Lab;
let second: string;

const isOpen = (sample: Sample) => (answer: Answer) =>
  answer.status === 200 && answer.body.startsWith(`this is ${sample}:`);

beforeAll(async () => {
  lab = await startLab({ report: (line) => console.log(line) });
  const { stack, samples, cluster } = lab;
  for (const [setting, value] of [
    ["edges.second.kind", "ingress-nginx"],
    ["edges.second.className", SECOND.className],
    ["edges.second.namespace", SECOND.namespace],
  ] as const) {
    await stack.type(["config", "set", "--path", setting, value]);
  }
  const instances = { acme: { edges: ["default"] }, beta: { edges: ["second"] }, gamma: {} };
  await stack.type(["config", "set", "instances", JSON.stringify(instances)]);
  await stack.up();
  const edge = await cluster.embedded?.startIngressNginx(await stack.helmValues("second"), SECOND);
  second = edge?.url ?? "";
  await stack.type(["config", "set", "--path", "edges.second.address", second]);
  await samples.deleteIngress("beta");
  for (const sample of ["beta", "gamma"] as const) {
    await samples.apply(ingressOf(sample, SECOND.className));
    for (const host of hostsOf(sample)) await untilAnswer(() => visit(second, host), isOpen(sample), 60);
  }
  for (const host of hostsOf("beta")) await untilAnswer(() => visit(lab.edge, host), isNotFound, 60);
});
afterAll(() => lab?.stop());

const isNotFound = (answer: Answer) => answer.status === 404 && marker(answer).get("kind") === "not-found";

/** Where each instance's visitors come in. */
const ways = (): readonly (readonly [Sample, string])[] => [
  ["acme", lab.edge],
  ["gamma", lab.edge],
  ["beta", second],
  ["gamma", second],
];

const type = (...args: readonly string[]) => lab.stack.tryMaintenance(...args);

const PER_SECOND = 50;

/** Runs the command while visitors come in at every edge, each of whom has to get the page or the instance itself. */
async function underLoad(...args: readonly string[]) {
  const classify = (sample: Sample) => (answer: Answer) =>
    isPageOf(sample)(answer)
      ? "page"
      : isOpen(sample)(answer)
        ? "own"
        : `wrong: ${answer.status} ${answer.body.slice(0, 60)}`;
  const loads = [
    ...ways().map(([sample, edge]) => startLoad(edge, hostsOf(sample)[0] ?? "", PER_SECOND, classify(sample))),
    ...[lab.edge, second].map((edge) =>
      startLoad(edge, "nobody.localhost", PER_SECOND, (answer) =>
        isNotFound(answer) ? "not-found" : `wrong: ${answer.status}`,
      ),
    ),
  ];
  const result = await type(...args).finally(() => Promise.all(loads.map((load) => load.stop())));
  const seen = await Promise.all(loads.map((load) => load.stop()));
  const kinds = seen.flatMap((one) => Object.entries(one.kinds));
  const wrong = kinds.filter(([kind]) => /^(?:wrong|failed)/.test(kind));
  console.log(
    `${args.join(" ")}: ${seen.reduce((sum, { answers }) => sum + answers, 0)} answers, ${wrong.length} kinds of wrong ones`,
  );
  return { ...result, wrong };
}

describe("two edges of the kind ingress-nginx, with two classes", () => {
  it("enable takes each instance over at each of its edges, and nothing else: 0 wrong", async () => {
    const { code, output, wrong } = await underLoad("enable", "acme", "beta", "gamma", "--yes");
    expect(code, output).toBe(EXIT.done);
    expect(wrong).toStrictEqual([]);
    expect(output).toMatch(/^ {2}acme\.localhost: 503, the unscheduled page of acme/m);
    expect(output).toMatch(/^ {2}beta\.localhost at second: 503, the unscheduled page of beta/m);
    expect(output).toMatch(/^ {2}gamma\.localhost: 503, the unscheduled page of gamma/m);
    expect(output).toMatch(/^ {2}gamma\.localhost at second: 503, the unscheduled page of gamma/m);
    expect(output).not.toMatch(/acme\.localhost at second|beta\.localhost: /);
    for (const [sample, edge] of ways()) {
      for (const host of hostsOf(sample)) expect(isPageOf(sample)(await visit(edge, host, "/a/b?c")), host).toBe(true);
    }
    for (const host of hostsOf("beta")) expect(isNotFound(await visit(lab.edge, host))).toBe(true);
  });

  it("status finds a deleted override at the edge where it is missing", async () => {
    expect((await type("status")).code).toBe(EXIT.done);
    const override = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "maintenance-gamma.second", namespace: "maintenance-pages" },
    };
    await lab.samples.delete(override);
    await untilAnswer(() => visit(second, "gamma.localhost"), isOpen("gamma"), 60);
    const { code, output } = await type("status");
    expect(code).toBe(EXIT.attention);
    expect(output).toMatch(/^DIFFERS, DRIFTED +gamma .*gamma\.localhost at second: 200/m);
    expect(output).toContain("at second: its override is not there");
    expect(output).not.toContain("at default: ");
    await lab.stack.script("up.sh");
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(second, host), isPageOf("gamma"), 60);
  });

  it("disable lets visitors in at each of them: 0 wrong", async () => {
    const { code, output, wrong } = await underLoad("disable", "acme", "beta", "gamma", "--yes");
    expect(code, output).toBe(EXIT.done);
    expect(wrong).toStrictEqual([]);
    for (const [sample, edge] of ways()) {
      for (const host of hostsOf(sample)) expect(isOpen(sample)(await visit(edge, host)), host).toBe(true);
    }
  });

  it("an edge that another edge's class has is refused", async () => {
    await lab.stack.type(["config", "set", "--path", "edges.third.kind", "ingress-nginx"]);
    await lab.stack.type(["config", "set", "--path", "edges.third.className", SECOND.className]);
    const { code, output } = await type("plan");
    expect(code).toBe(EXIT.refused);
    expect(output).toMatch(
      /edges\.third\.className\n {4}found: {4}"second"\n {4}allowed: {2}a class that no other edge has: edges\.second has this one/,
    );
    await lab.stack.type(["config", "rm", "--path", "edges.third"]);
  });
});

/** Options that somebody else set for the second controller, and what the open instance gamma answers because of them. */
const OPTIONS: readonly {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly path: string;
  readonly changed: (answer: Answer) => boolean;
}[] = [
  {
    name: "a login for every host, whose service is down",
    options: { "global-auth-url": "http://127.0.0.1:9/auth" },
    path: "/",
    changed: ({ status }) => status === 500,
  },
  {
    name: "error pages of the controller for 404 and 503",
    options: { "custom-http-errors": "404,503", "disable-proxy-intercept-errors": "false" },
    path: "/own/503",
    changed: ({ body }) => !body.includes("gamma: its own 503"),
  },
  {
    name: "redirects to HTTPS for every host",
    options: { "force-ssl-redirect": "true" },
    path: "/",
    changed: ({ status }) => status === 308,
  },
  {
    name: "a limit for the size of requests",
    options: { "proxy-body-size": "1k" },
    path: "/large",
    changed: ({ status }) => status === 413,
  },
  {
    name: "a web application firewall that blocks every answer 5xx",
    options: {
      "enable-modsecurity": "true",
      "modsecurity-snippet": 'SecRuleEngine On\nSecRule RESPONSE_STATUS "@rx ^5" "id:950100,phase:3,deny,status:403"\n',
    },
    path: "/own/500",
    changed: ({ status }) => status === 403,
  },
];

describe("a controller that somebody else configured", () => {
  const configMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: CONFIG_MAP, namespace: SECOND.namespace },
  };
  let own: Readonly<Record<string, string>>;
  const configure = (options: Readonly<Record<string, string>>) => {
    const manifest = { ...configMap, data: { ...own, ...options } };
    return lab.samples.apply(manifest);
  };
  const large = { method: "POST", body: Buffer.alloc(2048, "x") };
  const ask = (host: string, path: string) => visit(second, host, path, path === "/large" ? large : {});

  beforeAll(async () => {
    const { core } = lab.cluster.kube;
    own = (await core.readNamespacedConfigMap({ name: CONFIG_MAP, namespace: SECOND.namespace })).data ?? {};
    const { code, output } = await type("enable", "beta", "--yes");
    expect(code, output).toBe(EXIT.done);
  });

  it.each(OPTIONS)("$name: gamma gets it, beta shows its page", async ({ options, path, changed }) => {
    await configure(options);
    await untilAnswer(() => ask("gamma.localhost", path), changed, 60);
    for (const host of hostsOf("beta")) {
      for (const each of ["/", path, "/a/b?c"]) expect(isPageOf("beta")(await ask(host, each)), each).toBe(true);
    }
    await configure({});
    await untilAnswer(
      () => ask("gamma.localhost", path),
      (answer) => !changed(answer),
      60,
    );
  });

  it("retries for 503: each request of gamma is sent again, and a request for the page is sent once", async () => {
    // Of /tmp, where this checkout may be, the controller has a copy of its own.
    const folder = mkdtempSync(join("/dev", "shm", "access-"));
    const log = join(folder, "access.log");
    await configure({ "proxy-next-upstream": "error timeout http_502 http_503", "access-log-path": log });
    const statusesOf = async (host: string, path: string) => {
      const answer = await visit(second, host, path);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const line = existsSync(log)
        ? readFileSync(log, "utf8")
            .split("\n")
            .findLast((one) => one.includes(path))
        : undefined;
      // The statuses of the requests that the controller sent are before the last word, which is the request's id.
      return { ...answer, body: / (\d{3}(?:, \d{3})*) [0-9a-f]{32}$/.exec(line ?? "")?.[1] ?? "" };
    };
    let attempt = 0;
    const retried = () => {
      attempt += 1;
      return statusesOf("gamma.localhost", `/own/503?gamma-${attempt}`);
    };
    await untilAnswer(retried, ({ body }) => body.startsWith("503, 503"), 60);
    expect((await statusesOf("beta.localhost", "/?the-page")).body).toBe("503");
    await configure({});
    rmSync(folder, { recursive: true });
  });

  it("TLS on the instances' own Ingresses: gamma redirects to HTTPS, beta shows its page over HTTP", async () => {
    const folder = mkdtempSync(join(tmpdir(), "certificate-"));
    try {
      await (await makeAuthority(folder)).issue("server", {
        subject: "/CN=localhost",
        alternativeNames: [...hostsOf("beta"), ...hostsOf("gamma")].map((host) => `DNS:${host}`),
      });
      const stringData = {
        "tls.crt": readFileSync(join(folder, "server.crt"), "utf8"),
        "tls.key": readFileSync(join(folder, "server.key"), "utf8"),
      };
      for (const sample of ["beta", "gamma"] as const) {
        const metadata = { name: "tls", namespace: sample };
        const secret = { apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/tls", stringData };
        const ingress = ingressOf(sample, SECOND.className);
        const tls = [{ hosts: hostsOf(sample), secretName: "tls" }];
        const encrypted = { ...ingress, spec: { ...ingress.spec, tls } };
        for (const manifest of [secret, encrypted]) await lab.samples.apply(manifest);
      }
      await untilAnswer(
        () => ask("gamma.localhost", "/"),
        ({ status }) => status === 308,
        60,
      );
      for (const host of hostsOf("beta")) expect(isPageOf("beta")(await ask(host, "/")), host).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
