import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { Lab } from "../lab";
import type { LocalStack } from "../stack";
import { seeChanges } from "./seen";
import type { Step } from "./step";

// The stack is applied from one machine and then from another, as a person and a pipeline do by turns. On the embedded cluster
// alone, since the first machine's kubeconfig is taken away: a person's own is not to be touched.

const NO_CHANGE = "preview, refresh, up, ci/up.sh: no change";

/** The same stack from machines whose kubeconfigs differ from that of the first `up`. */
export const machineSteps: readonly Step[] = [
  {
    step: "another machine, whose KUBECONFIG is a list of paths of which one is missing; the first one's kubeconfig is gone",
    expected: NO_CHANGE,
    needs: "embedded",
    see: (lab) =>
      withKubeconfigs(lab, (folder, text, original) => {
        const path = join(folder, "elsewhere");
        writeFileSync(path, text, { mode: 0o600 });
        renameSync(original, join(folder, "gone"));
        return everyRun(lab.stack, { KUBECONFIG: [join(folder, "missing"), path].join(delimiter) });
      }),
  },
  {
    step: "another machine, with another user, a second authority beside the old one, and a server name",
    isSameAtEveryEdge: true,
    expected: NO_CHANGE,
    needs: "embedded",
    see: (lab) =>
      withKubeconfigs(lab, async (folder, text) => {
        const path = join(folder, "rotated");
        const token = await lab.samples.administratorToken();
        writeFileSync(
          path,
          changed(text, (config) => {
            config.users = [{ name: "somebody-else", token }];
            config.contexts = config.contexts.map((context) => ({ ...context, user: "somebody-else" }));
            config.clusters = config.clusters.map((cluster) => {
              const authority = Buffer.from(cluster.caData ?? "", "base64").toString();
              const caData = Buffer.from(`${authority}\n${authority}`).toString("base64");
              return { ...cluster, caData, tlsServerName: "localhost" };
            });
          }),
        );
        return everyRun(lab.stack, { KUBECONFIG: path });
      }),
  },
  {
    step: "another machine, where the context and its cluster have other names, with kubernetes.context and clusterName set to those",
    isSameAtEveryEdge: true,
    expected:
      "preview: update kubernetes cluster; ci/up.sh; refresh, up: no change; and back: update kubernetes cluster",
    needs: "embedded",
    see: (lab) =>
      withKubeconfigs(lab, async (folder, text) => {
        const { stack, cluster } = lab;
        const path = join(folder, "renamed");
        writeFileSync(
          path,
          changed(text, (config) => {
            config.clusters = config.clusters.map((one) => ({ ...one, name: "renamed-cluster" }));
            config.contexts = config.contexts.map((one) => ({ ...one, name: "renamed", cluster: "renamed-cluster" }));
            config.currentContext = "renamed";
          }),
        );
        const set = async (context: string, clusterName: string) => {
          await stack.type(["config", "set", "--path", "kubernetes.context", context]);
          await stack.type(["config", "set", "--path", "kubernetes.clusterName", clusterName]);
        };
        await set("renamed", "renamed-cluster");
        const environment = { KUBECONFIG: path };
        const preview = seeChanges({ changes: await stack.preview(environment) });
        await stack.script("up.sh", environment);
        const refresh = seeChanges({ changes: await stack.refresh(environment) });
        const up = seeChanges(await stack.up(environment));
        await set(cluster.kube.config.getCurrentContext(), cluster.clusterName);
        const back = seeChanges(await stack.up());
        return `preview: ${preview}; ci/up.sh; refresh, up: ${refresh === up ? up : `${refresh}, ${up}`}; and back: ${back}`;
      }),
  },
];

/** Lends a folder for kubeconfigs and the first machine's kubeconfig, which is put back afterwards. */
async function withKubeconfigs(
  { cluster, stack }: Lab,
  see: (folder: string, text: string, original: string) => Promise<string>,
): Promise<string> {
  const original = stack.environment.KUBECONFIG ?? process.env.KUBECONFIG ?? "";
  const folder = join(stack.project, ".local", "machines");
  const text = cluster.kube.config.exportConfig();
  const before = readFileSync(original);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return await see(folder, text, original);
  } finally {
    writeFileSync(original, before, { mode: 0o600 });
    rmSync(folder, { recursive: true });
  }
}

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

function changed(text: string, change: (config: Writable<KubeConfig>) => void): string {
  const config = new KubeConfig();
  config.loadFromString(text);
  change(config);
  return config.exportConfig();
}

async function everyRun(stack: LocalStack, environment: Readonly<Record<string, string>>): Promise<string> {
  const runs = {
    preview: seeChanges({ changes: await stack.preview(environment) }),
    refresh: seeChanges({ changes: await stack.refresh(environment) }),
    up: seeChanges(await stack.up(environment)),
    "ci/up.sh": /^ {4}\d+ unchanged$/m.test(await stack.script("up.sh", environment)) ? "no change" : "changes",
  };
  const changing = Object.entries(runs).filter(([, what]) => what !== "no change");
  return changing.length === 0 ? NO_CHANGE : changing.map(([name, what]) => `${name}: ${what}`).join("; ");
}
