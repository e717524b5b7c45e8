import { readdirSync, readFileSync } from "node:fs";
import { overrideManifest } from "../components/edges/ingress-nginx/manifests";
import { FIRST, webhookObject } from "../lab/edges/ingress-nginx/objects";
import type { Lab } from "../lab/lab";
import { untilAnswer, visit } from "../lab/traffic/visitor";
import { hostOf, isPage, kilobytesOf } from "./many";
import { median } from "./median";
import type { Section } from "./section";

const NAMESPACE = "maintenance-pages";
const COUNTS = [0, 100, 1000] as const;
const ROUNDS = 3;
const AT_ONCE = 25;

const KINDS = { overrides, "ordinary Ingresses": ordinary } as const;

/** What overrides cost the controller, against as many Ingresses of the ordinary kind. */
export async function benchController({ edge, samples, cluster }: Lab): Promise<Section> {
  const rows: (readonly string[])[] = [];
  for (const [kind, manifestOf] of Object.entries(KINDS)) {
    // nginx keeps the memory that it once had: each kind begins with a new one.
    await cluster.embedded?.edge?.stop();
    await cluster.embedded?.edge?.start();
    await untilAnswer(
      () => visit(edge, "nobody.localhost"),
      ({ status }) => status === 404,
      60,
    );
    // With its start comes the webhook, which renders and tries the whole configuration for each Ingress, of either kind.
    await samples.delete(webhookObject(FIRST));
    let made = 0;
    for (const count of COUNTS) {
      for (; made < count; made += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => samples.apply(manifestOf(made + index))));
      }
      const ask = (index: number) => visit(edge, hostOf(index));
      if (made > 0) await untilAnswer(() => ask(made - 1), isPage, 120);
      const seconds: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const begin = Date.now();
        await samples.apply(manifestOf(made));
        await untilAnswer(() => ask(made), isPage, 120);
        seconds.push((Date.now() - begin) / 1000);
        await samples.delete(manifestOf(made));
        await untilAnswer(
          () => ask(made),
          (answer) => !isPage(answer),
          120,
        );
      }
      const [controller, nginx] = memory();
      rows.push([`${count} ${kind}`, `${median(seconds).toFixed(1)} s`, `${controller} MB`, `${nginx} MB`]);
    }
    for (; made > 0; made -= AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => samples.delete(manifestOf(made - 1 - index))));
    }
    await untilAnswer(
      () => visit(edge, hostOf(0)),
      (answer) => !isPage(answer),
      120,
    );
  }
  return {
    title: "What overrides cost the controller",
    about:
      "From one more Ingress until it is served (the controller reloads every 3.3 s at most), and the memory of the controller and of nginx with its workers, beside as many ordinary Ingresses: one host, and the path `/`. Without the admission webhook.",
    head: ["", "one more is served after", "controller", "nginx"],
    rows,
  };
}

function overrides(index: number) {
  const instance = { instance: `many-${index}`, hosts: [hostOf(index)], kind: "unscheduled" } as const;
  const manifest = overrideManifest(
    { ...instance, revision: undefined, hasAssets: false, bypass: undefined },
    { edge: "default", namespace: NAMESPACE, ingressClassName: "nginx" },
  );
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", ...manifest };
}

function ordinary(index: number) {
  const { metadata, ...override } = overrides(index);
  const backend = { service: { name: "page-server", port: { name: "maintenance" } } };
  return {
    ...override,
    metadata: {
      name: metadata.name,
      namespace: NAMESPACE,
      annotations: { "nginx.ingress.kubernetes.io/rewrite-target": `/many-${index}/unscheduled/-/` },
    },
    spec: {
      ingressClassName: "nginx",
      rules: [{ host: hostOf(index), http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    },
  };
}

/** The memory of the controller's process and of its nginx, in MB; what processes share counts once. */
function memory(): readonly [controller: string, nginx: string] {
  const processes = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const parent = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        const kilobytes = kilobytesOf(pid);
        return [{ pid, parent, command, kilobytes }];
      } catch {
        return []; // it has ended
      }
    });
  const controllers = processes.filter(({ command }) => /^\S*nginx-ingress-controller /.test(command));
  const masters = processes.filter(({ command }) => /^nginx: master .*\/etc\/nginx\/nginx\.conf/.test(command));
  const isOf = (parents: typeof processes) => (one: { parent: number }) =>
    parents.some(({ pid }) => pid === one.parent);
  const inMegabytes = (those: typeof processes) =>
    (those.reduce((sum, { kilobytes }) => sum + kilobytes, 0) / 1024).toFixed(0);
  return [inMegabytes(controllers), inMegabytes([...masters, ...processes.filter(isOf(masters))])];
}
