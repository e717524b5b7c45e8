import type { KubernetesObject } from "@kubernetes/client-node";
import { GATEWAY } from "../edges/gateway-api/objects";
import type { Lab } from "../lab";
import { CHALLENGE, hostsOf, LONG_PATH } from "../samples";
import { untilAnswer, visit } from "../traffic/visitor";
import { isPageOf, seeInstance, seePage } from "./seen";
import type { Step } from "./step";

// What the Gateway API has and other edges have not: an order of matches in which an instance's own may come first.

const isAcmesPage = isPageOf("acme");

/** A request for each match of acme's own routes, and for what is beside the path of certificate renewal. */
const REQUESTS: readonly (readonly [path: string, options?: Parameters<typeof visit>[3]])[] = [
  ["/"],
  [`${LONG_PATH}/x`],
  ["/exact"],
  ["/exact/deeper"],
  ["/exact?beta=yes"],
  ["/", { headers: { "x-beta": "yes" } }],
  ["/exact", { headers: { "x-beta": "yes" } }],
  ["/submit", { method: "POST", body: Buffer.from("x") }],
  ["/submit"],
  ["/?beta=yes"],
  ["/.well-known/acme-challenge/"],
  ["/.well-known/acme-challenge/a/../../courses"],
];

const SOLVERS_PATH = `${CHALLENGE}-of-a-solver`;
const ADDED_PATH = "/added";

/** An HTTPRoute of acme's own with an Exact path. */
export function exactRoute(name: string, path: string): KubernetesObject {
  const rule = { matches: [{ path: { type: "Exact", value: path } }], backendRefs: [{ name: "caddy", port: 80 }] };
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name, namespace: "acme" },
    spec: { parentRefs: [GATEWAY], hostnames: hostsOf("acme"), rules: [rule] },
  };
  return route;
}

/** While acme is in maintenance. */
export const gatewayApiSteps: readonly Step[] = [
  {
    step: "acme's own routes: a prefix of 200 characters, Exact paths, matches of a header, a method, a parameter, over HTTP and HTTPS",
    expected: "all: 503, the page of acme (unscheduled, shared)",
    needs: "gateway-api",
    see: everyMatchShowsThePage,
  },
  {
    step: "a solver's HTTPRoute, with an Exact path of certificate renewal",
    expected: "200 from acme; any other path: 503, the page of acme (unscheduled, shared)",
    needs: "gateway-api",
    async see({ edge, samples }) {
      const solver = exactRoute("solver", SOLVERS_PATH);
      await samples.apply(solver);
      const renewal = () => visit(edge, "acme.localhost", SOLVERS_PATH);
      await untilAnswer(renewal, ({ status }) => status === 200);
      const seen = `${await seeInstance(renewal())}; any other path: ${await seePage(visit(edge, "acme.localhost", "/exact"))}`;
      await samples.delete(solver);
      return seen;
    },
  },
  {
    step: "an HTTPRoute of acme's with an Exact path that is added now; status, due, and pulumi up",
    expected:
      "open; HTTPRoute acme/added comes first for /added; acme: HTTPRoute acme/added comes first for /added; then update override maintenance-acme, and the page",
    needs: "gateway-api",
    see: addedPathIsTakenOver,
  },
];

async function everyMatchShowsThePage({ edge, here }: Lab): Promise<string> {
  const seen = new Set<string>();
  for (const at of [edge, here.running?.encryptedUrl ?? edge]) {
    for (const host of hostsOf("acme")) {
      for (const [path, options] of REQUESTS) {
        const answer = visit(at, host, path, options);
        const page = await seePage(answer);
        seen.add(isAcmesPage(await answer) ? page : `${at} ${host}${path.slice(0, 40)}: ${page}`);
      }
    }
  }
  return `all: ${[...seen].join(", ")}`;
}

async function addedPathIsTakenOver({ edge, samples, stack, here }: Lab): Promise<string> {
  const added = exactRoute("added", ADDED_PATH);
  await samples.apply(added);
  const ask = () => visit(edge, "acme.localhost", ADDED_PATH);
  await untilAnswer(ask, ({ status }) => status === 200);
  const { output } = await stack.tryMaintenance("status");
  const [named = output] = /HTTPRoute acme\/added comes first for \S+/.exec(output) ?? [];
  const due = (await stack.tryMaintenance("due")).stdout.trim();
  const { changes } = await stack.up();
  await untilAnswer(ask, isAcmesPage);
  await samples.delete(added);
  const override = `update HTTPRoute maintenance-acme${here.name === "default" ? "" : `.${here.name}`}`;
  await stack.up();
  return `open; ${named}; ${due}; then ${changes.join() === override ? "update override maintenance-acme" : changes.join()}, and the page`;
}
