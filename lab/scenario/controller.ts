import { withRightsOf } from "../cluster/roles";
import type { Lab } from "../lab";
import type { Samples } from "../samples";
import { startLoad } from "../traffic/load";
import { type Answer, visit } from "../traffic/visitor";
import type { Figures } from "./figures";
import { disable, enable } from "./maintenance";
import { isPageOf, marker, seeChanges } from "./seen";
import type { Step } from "./step";

/** Of docs/. */
const ROLES = ["kubernetes-roles.yaml", "kubernetes-roles-controller.yaml"] as const;

const RELEASE = "update Release ingress-nginx-release";
const UNNOTICED = "acme: only its page; beta: only its 200; nobody: only the not-found page";

/** What is changed of a controller that the stack installs, while acme is in maintenance and visitors come. */
export const controllerSteps: readonly Step[] = [
  {
    step: "pulumi config set --path edges.default.values.controller.config.server-tokens true && pulumi up: Helm values that need no restart",
    expected: `${RELEASE}; answers name their server; both pods stay; ${UNNOTICED}`,
    needs: "release",
    async see(lab, figures) {
      await enable(lab, "acme");
      const seen = await change(lab, figures, "values", ["values.controller.config.server-tokens", "true"]);
      const { server } = (await visit(lab.edge, "beta.localhost")).headers;
      return `${seen.up}; ${server === undefined ? "no answer names its server" : "answers name their server"}; ${seen.pods}; ${seen.visitors}`;
    },
  },
  {
    step: `pulumi config set --path edges.default.values.controller.podAnnotations.changed yes && pulumi up: Helm values that replace the pods, by an account with the rights of ${ROLES.join(" and ")} alone`,
    expected: `${RELEASE}; both pods are new; ${UNNOTICED}`,
    needs: "release",
    see: (lab, figures) =>
      withRightsOf(lab.samples, "up", ROLES, async (environment) => {
        const setting = ["values.controller.podAnnotations.changed", "yes"] as const;
        const seen = await change(lab, figures, "rollout", setting, environment);
        return `${seen.up}; ${seen.pods}; ${seen.visitors}`;
      }),
  },
  {
    step: "pulumi config set --path edges.default.chart … && pulumi up: another version of the chart and the controller",
    expected: `${RELEASE}; both pods are new, and of the other chart; ${UNNOTICED}`,
    needs: "upgrade",
    async see(lab, figures) {
      const before = await chartsOf(lab.samples);
      const seen = await change(lab, figures, "upgrade", ["chart", String(lab.upgradeChart)]);
      const after = await chartsOf(lab.samples);
      const other = after.size === 1 && [...after].every((chart) => !before.has(chart));
      return `${seen.up}; ${seen.pods}, and of ${other ? "the other chart" : [...after].join()}; ${seen.visitors}`;
    },
  },
  {
    step: "disabling maintenance, with the controller that is there now",
    expected: "delete override maintenance-acme",
    needs: "release",
    see: async (lab) => seeChanges(await disable(lab, "acme")),
  },
];

const VISITORS = {
  acme: (answer: Answer) => (isPageOf("acme")(answer) ? "its page" : undefined),
  beta: ({ status, body }: Answer) => (status === 200 && body.startsWith("this is beta:") ? "its 200" : undefined),
  nobody: (answer: Answer) =>
    answer.status === 404 && marker(answer).get("kind") === "not-found" ? "the not-found page" : undefined,
};
const PER_SECOND = 20;
const MAX_SECONDS = 280;

/** Changes a setting of the edge and runs `pulumi up` while visitors come. */
async function change(
  { edge, stack, samples }: Lab,
  figures: Figures,
  what: string,
  [path, value]: readonly [path: string, value: string],
  environment: Readonly<Record<string, string>> = {},
) {
  await stack.type(["config", "set", "--path", `edges.default.${path}`, value]);
  const before = await podsOf(samples);
  const loads = Object.entries(VISITORS).map(([host, right]) => {
    const classify = (answer: Answer) => right(answer) ?? `wrong: ${answer.status} ${answer.body.slice(0, 60)}`;
    return [host, startLoad(edge, `${host}.localhost`, PER_SECOND, classify, MAX_SECONDS)] as const;
  });
  const up = await stack.up(environment).finally(() => Promise.all(loads.map(([, load]) => load.stop())));
  const after = await podsOf(samples);
  const kept = after.filter((pod) => before.includes(pod)).length;
  const visitors: string[] = [];
  for (const [host, load] of loads) {
    const seen = await load.stop();
    figures.controller = { ...figures.controller, [`${what}, ${host}`]: { seconds: up.seconds, seen } };
    visitors.push(`${host}: only ${Object.keys(seen.kinds).sort().join(" and ")}`);
  }
  const pods = kept === 0 ? "both pods are new" : kept === before.length ? "both pods stay" : `${kept} pods stay`;
  return {
    up: seeChanges(up),
    pods: after.length === 2 ? pods : `there are ${after.length} pods`,
    visitors: visitors.join("; "),
  };
}

const NAMESPACE = "ingress-nginx";

async function podsOf(samples: Samples): Promise<readonly string[]> {
  return (await samples.podsOf(NAMESPACE)).filter((name) => name.startsWith("ingress-nginx-controller-"));
}

/** The charts that the controller's pods are of. */
async function chartsOf(samples: Samples): Promise<ReadonlySet<string>> {
  const pods = (await samples.pods(NAMESPACE)).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  return new Set(pods.map(({ metadata }) => metadata?.labels?.["helm.sh/chart"] ?? "none"));
}
