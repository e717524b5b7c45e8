import { setTimeout as sleep } from "node:timers/promises";
import { overrideManifest } from "../components/edges/ingress-nginx/manifests";
import type { Lab } from "../lab/lab";
import { hostsOf } from "../lab/samples";
import { isPageOf, marker } from "../lab/scenario/seen";
import { startLoad } from "../lab/traffic/load";
import { type Answer, untilAnswer, visit } from "../lab/traffic/visitor";
import type { Section } from "./section";

const NAMESPACE = "maintenance-pages";
const PER_SECOND = 200;
const ROUNDS = 3;

/** A way to enable and disable maintenance through the Kubernetes API. */
interface Way {
  readonly name: string;
  /** In the chart. */
  readonly short: string;
  enable(lab: Lab): Promise<void>;
  disable(lab: Lab): Promise<void>;
}

const pagePath = "/acme/unscheduled/-/";
const acme = { instance: "acme", hosts: hostsOf("acme"), kind: "unscheduled", revision: undefined } as const;
const override = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  ...overrideManifest(
    { ...acme, hasAssets: false, bypass: undefined },
    { edge: "default", namespace: NAMESPACE, ingressClassName: "nginx" },
  ),
};

/** An Ingress to the page server for the instance's first host and every path. */
function plainIngress(name: string, annotations: Readonly<Record<string, string>> = {}) {
  const backend = { service: { name: "page-server", port: { name: "maintenance" } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name,
      namespace: NAMESPACE,
      annotations: { "nginx.ingress.kubernetes.io/rewrite-target": pagePath, ...annotations },
    },
    spec: {
      ingressClassName: "nginx",
      rules: hostsOf("acme").map((host) => ({ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } })),
    },
  };
}

const inTheWay = plainIngress("obvious");
const canary = plainIngress("canary", {
  "nginx.ingress.kubernetes.io/canary": "true",
  "nginx.ingress.kubernetes.io/canary-weight": "100",
});

const WAYS: readonly Way[] = [
  {
    name: "override (ours)",
    short: "override",
    enable: ({ samples }) => samples.apply(override),
    disable: ({ samples }) => samples.delete(override),
  },
  {
    name: "delete the instance's Ingress, create another a second later",
    short: "delete and create",
    async enable({ samples }) {
      await samples.deleteIngress("acme");
      await sleep(1000);
      await samples.apply(inTheWay);
    },
    async disable({ samples }) {
      await samples.delete(inTheWay);
      await sleep(1000);
      await samples.createIngress("acme");
    },
  },
  {
    name: "canary with weight 100",
    short: "canary (no page)",
    enable: ({ samples }) => samples.apply(canary),
    disable: ({ samples }) => samples.delete(canary),
  },
  {
    name: "a second Ingress with the same path",
    short: "same path (refused)",
    enable: ({ samples }) => samples.apply(inTheWay),
    disable: ({ samples }) => samples.delete(inTheWay).catch(() => undefined),
  },
];

/** What visitors get while maintenance of an instance is enabled and disabled, by how that is done, on the same controller. */
export async function benchAlternatives(lab: Lab): Promise<Section> {
  const { edge } = lab;
  const rows: (readonly string[])[] = [];
  const bars: Record<string, number> = {};
  for (const way of WAYS) {
    const load = startLoad(edge, "acme.localhost", PER_SECOND, rightOrWrong);
    let shown = 0;
    let enabled = true;
    for (let round = 0; round < ROUNDS && enabled; round += 1) {
      enabled = await way.enable(lab).then(
        () => true,
        () => false,
      );
      const page = await untilAnswer(() => visit(edge, "acme.localhost"), isPageOf("acme"), 10).catch(() => undefined);
      if (page !== undefined) shown += 1;
      await sleep(2000);
      await way.disable(lab);
      await untilAnswer(
        () => visit(edge, "acme.localhost"),
        ({ status }) => status === 200,
        30,
      );
      await sleep(2000);
    }
    const { answers, kinds, longestGap } = await load.stop();
    const wrong = Object.entries(kinds).reduce(
      (sum, [kind, count]) => sum + (/^wrong|^failed/.test(kind) ? count : 0),
      0,
    );
    bars[way.short] = (1000 * wrong) / answers;
    rows.push([
      way.name,
      enabled ? `${shown} of ${ROUNDS}` : "refused by the admission webhook",
      answers.toLocaleString("en"),
      wrong.toLocaleString("en"),
      `${longestGap} ms`,
    ]);
  }
  return {
    title: "Enabling and disabling, by how it is done",
    about: `${PER_SECOND} visitors a second on one instance whose maintenance is enabled and disabled ${ROUNDS} times, on the same controller. Its own answer and its page are right, everything else is wrong.`,
    head: ["", "page shown", "answers", "wrong", "longest gap"],
    rows,
    chart: { title: "Wrong answers of 1,000", unit: "wrong answers", bars },
  };
}

function rightOrWrong(answer: Answer): string {
  if (answer.status === 200 && answer.body.startsWith("this is acme:")) return "own";
  if (isPageOf("acme")(answer)) return "page";
  return `wrong: ${answer.status} ${marker(answer).get("kind") ?? ""}`;
}
