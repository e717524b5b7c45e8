import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT } from "../../cli/project";
import { tryCommand } from "../../lab/cluster/commands";
import { NAMESPACES, OBJECT_STORE_IMAGE } from "../../lab/cluster/existing";
import { Kube } from "../../lab/cluster/kube";
import { type OwnCluster, startOwnCluster } from "../../lab/cluster/own-cluster";
import { waitFor } from "../../lab/cluster/waiting";
import { IMAGE } from "../../lab/lab";
import { scenario } from "../../lab/scenario/scenario";
import { ensureProgram, ensureTools } from "../../lab/tools/tools";

// What a person does with a cluster of their own, such as kind makes it: a kubeconfig, and `npm run local -- --check`. The
// program installs ingress-nginx there, as the Helm release. Only the steps whose result depends on the cluster and on the way to it are
// walked here; maintenance.test.ts walks all of them on the embedded cluster.

const DEPENDS_ON_CLUSTER = [
  "a host that nobody owns",
  "acme, beta, gamma: every host",
  `pulumi config set maintenance '["acme"]' && pulumi up`,
  "acme: every host, many paths",
  "acme: certificate renewal",
  "acme's pods are gone",
  "acme's Ingress is gone",
  "the bucket is stopped; a page",
  "acme's pods and Ingress are back",
  "an up with nothing to do",
  "pulumi config set maintenance '[]' && pulumi up",
  "pulumi destroy",
];

const steps = scenario.filter(
  ({ step, needs }) =>
    needs === "release" || needs === "upgrade" || DEPENDS_ON_CLUSTER.some((begin) => step.startsWith(begin)),
);

/** The line of the first step, which is printed when everything is there. */
const DEPLOYED = new RegExp(`^ *[\\d.]+ s .*${DEPENDS_ON_CLUSTER[0]}`, "m");

/** What netcat says in pods that connect to others past the edge; nothing when it could. */
async function whatPodsReach(kubeconfig: string): Promise<Readonly<Record<string, string>>> {
  const { path: kubectl } = await ensureProgram("kubectl", console.log);
  const { core } = Kube.ofFile(kubeconfig);
  const addressOf = async (namespace: string, name: string) => {
    const { spec } = await core.readNamespacedService({ namespace, name });
    return [spec?.clusterIP ?? "", String(spec?.ports?.[0]?.port)];
  };
  const [beta, pageServer] = [await addressOf("beta", "caddy"), await addressOf("maintenance-pages", "page-server")];
  const asked = async (namespace: string, deployment: string, address: readonly string[]) => {
    const pod = ["--namespace", namespace, "exec", `deployment/${deployment}`, "--"];
    const netcat = ["nc", "-w", "3", ...address];
    return (await tryCommand(kubectl, ["--kubeconfig", kubeconfig, ...pod, ...netcat], { timeoutSeconds: 30 })).output;
  };
  return {
    "acme asks beta": await asked("acme", "caddy", beta),
    "acme asks the page server": await asked("acme", "caddy", pageServer),
    "the page server asks beta": await asked("maintenance-pages", "page-server", beta),
  };
}

describe("KUBECONFIG=… npm run local -- --check", () => {
  let cluster: OwnCluster | undefined;
  let code: number | null;
  let output = "";
  let reached: Promise<Readonly<Record<string, string>>> | undefined;

  beforeAll(async () => {
    const report = (line: string) => console.log(line);
    cluster = await startOwnCluster(await ensureTools(report), {
      runFolder: join(PROJECT, ".local", "own-cluster"),
      report,
      nginxImages: [IMAGE],
      objectStoreImage: OBJECT_STORE_IMAGE,
    });
    const { kubeconfig, chart, values, upgradeChart } = cluster;
    const only = steps.flatMap(({ step }) => ["--only", step]);
    const options = ["--chart", chart, "--values", values, "--upgrade-chart", upgradeChart, ...only];
    const child = spawn("npm", ["run", "local", "--", "--check", ...options], {
      cwd: PROJECT,
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        process.stdout.write(chunk);
        if (DEPLOYED.test(output)) reached ??= whatPodsReach(kubeconfig);
      });
    }
    [code] = (await once(child, "close")) as [number | null];
  });
  afterAll(() => cluster?.stop());

  it("the list names steps that there are", () => {
    for (const begin of DEPENDS_ON_CLUSTER)
      expect(
        steps.some(({ step }) => step.startsWith(begin)),
        begin,
      ).toBe(true);
  });

  for (const { step, expected } of steps) {
    it(`${step}: ${expected}`, () => {
      const line = output.split("\n").find((printed) => /^ *[\d.]+ s /.test(printed) && printed.endsWith(` ${step}`));
      expect(line, output).toMatch(/ s {2}ok {4}/);
    });
  }

  it("NetworkPolicies are enforced there: only the edge reaches the page server, and that reaches only the bucket", async () => {
    expect(await reached).toStrictEqual({
      "acme asks beta": expect.stringMatching(/^$/),
      "acme asks the page server": expect.stringContaining("Connection refused"),
      "the page server asks beta": expect.stringContaining("Connection refused"),
    });
  });

  it("ends well, and leaves nothing behind", async () => {
    expect(code, output).toBe(0);
    expect(existsSync(join(PROJECT, "Pulumi.local.yaml"))).toBe(false);
    const { core } = Kube.ofFile(cluster?.kubeconfig ?? "");
    // A namespace ends some time after it was deleted.
    const gone = async () => {
      const { items } = await core.listNamespace();
      return items.some(({ metadata }) => NAMESPACES.some((name) => name === metadata?.name)) ? undefined : true;
    };
    await waitFor(gone, { what: `${NAMESPACES.join(", ")} to be gone`, timeoutSeconds: 60, everyMilliseconds: 1000 });
  });
});
