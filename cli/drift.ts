import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { OVERRIDE_PATH } from "../components/maintenance-overrides.manifests";
import type { Settings } from "../settings/read";
import { ClusterApi, failureIn, Unasked } from "./cluster";
import { goalOf } from "./verify";

// Of an Ingress what tells where requests go (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/).
const ingressSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({
    ingressClassName: z.string().optional(),
    rules: z
      .array(
        z.object({
          host: z.string().optional(),
          http: z.object({ paths: z.array(z.object({ path: z.string().optional() })) }).optional(),
        }),
      )
      .optional(),
  }),
});

const listSchema = z.object({ items: z.array(ingressSchema) });

/** An Ingress, as far as it matters here. */
export type KnownIngress = z.output<typeof ingressSchema>;

/**
 * Every Ingress of the cluster.
 *
 * @throws {Unasked} when the API can't be reached, or does not tell.
 */
export async function knownIngresses(settings: Pick<Settings, "kubernetes">): Promise<readonly KnownIngress[]> {
  const answer = await ClusterApi.open(settings).get("/apis/networking.k8s.io/v1/ingresses");
  const failure = failureIn(answer);
  if (failure !== undefined) throw new Unasked(failure.message ?? `status ${answer.status}`);
  const list = listSchema.safeParse(answer.json());
  if (!list.success) throw new Unasked("the answer is no list of Ingresses");
  return list.data.items;
}

const PREFIX = "nginx.ingress.kubernetes.io";

/** What overrides there should be, and where. */
export interface Placed extends Pick<Settings, "maintenance"> {
  readonly pageServer: Pick<Settings["pageServer"], "namespace">;
  readonly ingressNginx: Pick<Settings["ingressNginx"], "className">;
}

/**
 * What somebody did to an instance's override by hand, or what is in its way, in words; nothing when all is as declared.
 * A visitor's request for `/` does not tell: another path may go another way.
 */
export function driftOf(
  { name, hosts }: { readonly name: string; readonly hosts: readonly string[] },
  { maintenance, pageServer, ingressNginx }: Placed,
  ingresses: readonly KnownIngress[],
): readonly string[] {
  const isShown = goalOf(maintenance.find(({ instance }) => instance.name === name)) === "page";
  const own = ingresses.find(
    ({ metadata }) => metadata.namespace === pageServer.namespace && metadata.name === `maintenance-${name}`,
  );
  if (!isShown) return own === undefined ? [] : ["its override is still there"];
  if (own === undefined) return ["its override is not there"];
  const changed = [
    ...(own.spec.ingressClassName === ingressNginx.className ? [] : ["ingressClassName"]),
    ...(own.metadata.annotations?.[`${PREFIX}/use-regex`] === "true" ? [] : ["use-regex"]),
    ...hosts
      .filter((host) => !isDeepStrictEqual(pathsFor(host, own), [OVERRIDE_PATH]))
      .map((host) => `the path of ${host}`),
  ];
  const rivals = ingresses.filter((other) => other !== own && !isCanary(other));
  return [
    ...changed.map((what) => `${what} of its override was changed`),
    ...hosts.flatMap((host) =>
      rivals
        .filter((other) => pathsFor(host, other).some((path) => path.length >= OVERRIDE_PATH.length))
        .map(({ metadata }) => `Ingress ${metadata.namespace}/${metadata.name} comes first for a path of ${host}`),
    ),
  ];
}

function isCanary({ metadata }: KnownIngress): boolean {
  return metadata.annotations?.[`${PREFIX}/canary`] === "true";
}

function pathsFor(host: string, { spec }: KnownIngress): readonly string[] {
  return (spec.rules ?? [])
    .filter((rule) => rule.host === host)
    .flatMap((rule) => rule.http?.paths.map(({ path }) => path ?? "/") ?? []);
}
