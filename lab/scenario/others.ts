import { setTimeout as sleep } from "node:timers/promises";
import { nameAt } from "../../components/edges/edge";
import type { Lab } from "../lab";
import { IMAGE, MIRRORED_IMAGE } from "../lab";
import { visit } from "../traffic/visitor";
import { everyHostIs, isPageOf, seeChanges, seePage } from "./seen";
import type { Step } from "./step";

// What others do to the program's objects: something in the cluster that changes what is written, and people and programs that edit.

const NAMESPACE = "maintenance-pages";
const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" };

/** Writes another page into acme's override at an edge. */
async function showAnotherPage({ here: { kind, name }, samples }: Pick<Lab, "here" | "samples">): Promise<void> {
  const metadata = { name: nameAt(name, "maintenance-acme"), namespace: NAMESPACE };
  const page = "/beta/unscheduled/-/";
  switch (kind) {
    case "ingress-nginx": {
      const annotations = { "nginx.ingress.kubernetes.io/rewrite-target": page };
      const ingress = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { ...metadata, annotations } };
      return samples.apply(ingress);
    }
    case "traefik": {
      const spec = { replacePathRegex: { replacement: page } };
      const middleware = { apiVersion: "traefik.io/v1alpha1", kind: "Middleware", metadata, spec };
      return samples.apply(middleware);
    }
    case "gateway-api":
      // The page alone: the list of rules has one owner, and without the copies of acme's matches any run would repair the override.
      return samples.edit("HTTPRoute", NAMESPACE, metadata.name, (text) =>
        text.replaceAll("/acme/unscheduled/-/", page),
      );
  }
}

/** Others at the program's objects, while acme is in maintenance. */
export const otherSteps: readonly Step[] = [
  {
    step: "a policy of the cluster rewrites every image and raises every request; the command enables and disables beta, and acme stays",
    isSameAtEveryEdge: true,
    expected:
      "update Deployment page-server-deployment rolls pods of the mirror; planned each time, and without effect; beta enabled, disabled; 503, the page of acme (unscheduled, shared)",
    needs: "embedded",
    see: underPolicy,
  },
  {
    step: "another program takes over fields of the Deployment, the pages and the override; somebody deletes the disruption budget",
    expected: "gamma enabled and disabled all the same; ci/up.sh: 3 updated, 1 created; 2 pods, every field ours",
    needs: "embedded",
    see: editedByOthers,
  },
];

async function underPolicy({ edge, stack, samples }: Lab): Promise<string> {
  const mirror = await samples.mutate(NAMESPACE, [
    { path: "/spec/template/spec/containers/0/image", value: MIRRORED_IMAGE },
    { path: "/spec/template/spec/containers/0/resources/requests/cpu", value: "50m" },
  ]);
  try {
    // The policy is there when it has changed something: the API server takes a moment.
    await stack.type(["config", "set", "retryAfter", "400"]);
    const rolled = seeChanges(await stack.up())
      .split(", ")
      .at(-1);
    const images = (await samples.imagesOf(NAMESPACE)).every((image) => image === MIRRORED_IMAGE);
    const planned = seeChanges({ changes: await stack.preview() });
    const said = await stack.maintenance("plan");
    const effect = said.includes(`${planned} (without effect`) ? "planned each time, and without effect" : said;
    await stack.maintenance("enable", "beta", "--yes");
    await everyHostIs("beta", isPageOf("beta"), edge);
    await stack.maintenance("disable", "beta", "--yes");
    await everyHostIs("beta", ({ status }) => status === 200, edge);
    const page = await seePage(visit(edge, "acme.localhost"));
    return `${rolled} rolls pods of ${images ? "the mirror" : IMAGE}; ${effect}; beta enabled, disabled; ${page}`;
  } finally {
    for (const manifest of mirror) await samples.delete(manifest);
    await stack.type(["config", "rm", "retryAfter"]);
    await stack.up();
  }
}

async function editedByOthers({ edge, here, stack, samples }: Lab): Promise<string> {
  const named = (name: string) => ({ metadata: { name, namespace: NAMESPACE } });
  const edits = [
    { ...DEPLOYMENT, ...named("page-server"), spec: { replicas: 3 } },
    { apiVersion: "v1", kind: "ConfigMap", ...named("page-server-pages"), data: { "not-found.txt": "edited\n" } },
  ];
  for (const edit of edits) await samples.apply(edit);
  await showAnotherPage({ here, samples });
  await samples.delete({ apiVersion: "policy/v1", kind: "PodDisruptionBudget", ...named("page-server") });
  await stack.maintenance("enable", "gamma", "--yes");
  await everyHostIs("gamma", isPageOf("gamma"), edge);
  await stack.maintenance("disable", "gamma", "--yes");
  await everyHostIs("gamma", ({ status }) => status === 200, edge);
  const output = await stack.script("up.sh");
  const [, updated] = /~ (\d+) updated/.exec(output) ?? [];
  const [, created] = /\+ (\d+) created/.exec(output) ?? [];
  await sleep(5000); // the third pod goes
  const pods = (await samples.podsOf(NAMESPACE)).length;
  const again = seeChanges({ changes: await stack.refresh() });
  await everyHostIs("acme", isPageOf("acme"), edge);
  const ours = again === "no change" ? "every field ours" : again;
  return `gamma enabled and disabled all the same; ci/up.sh: ${updated} updated, ${created} created; ${pods} pods, ${ours}`;
}
