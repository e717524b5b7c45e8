import { ClusterApi, Unreachable } from "../../components/cluster-api";
import { edgesOf } from "../../components/edges";
import type { Instance } from "../../model/instances";
import type { Settings } from "../../settings/read";
import type { Engine } from "../engine";
import { type Inspection, inspect } from "../inspection";
import type { StackText } from "../stack-text";
import { viewOf } from "../verify";
import { admissionFindings } from "./admission";
import { admissionPolicyFindings } from "./admission-policy";
import { bucketFindings } from "./bucket";
import { clockFindings } from "./clock";
import { CLUSTER, CLUSTER_REMEDY, clusterFindings } from "./cluster";
import { configurationFindings } from "./configuration";
import { controllerFindings, notFoundFindings, selfTestFindings } from "./edges";
import { type Check, type Finding, orOk } from "./finding";
import { hostsFindings } from "./hosts";
import { doPodsRead, pageServerFindings } from "./page-server";
import { programFindings } from "./program";
import { registryFindings } from "./registry";
import { rightsFindings } from "./rights";
import { routeFindings } from "./routes";
import { selfTestPages } from "./self-test-pages";
import { versionsFindings } from "./versions";

/** What is checked. */
export interface Checked {
  readonly stack: string;
  /** The stack's file. */
  readonly content: StackText;
  readonly settings: Settings;
  /** The names of the only instances that are checked; empty for all. */
  readonly instances: readonly string[];
  readonly engine: Pick<Engine, "preview">;
}

/** Checks everything on which a maintenance of these instances depends, and changes nothing. */
export async function findingsOf({
  stack,
  content,
  settings,
  instances: names,
  engine,
}: Checked): Promise<readonly Finding[]> {
  const { bucket } = settings;
  const edges = edgesOf(settings.edges);
  const all = settings.instances;
  const instances = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  const [program, ofCluster, hosts, unknownHosts] = await Promise.all([
    guarded("pulumi preview", () =>
      programFindings(
        engine,
        all.map(({ name }) => name),
        edges,
      ),
    ),
    apiFindings(stack, settings, instances),
    guarded("hosts", () => hostsFindings(instances, edges)),
    guarded("unknown hosts", () => notFoundFindings(instances, edges)),
  ]);
  const ofBucket = await guarded("bucket", () => bucketFindings(bucket, doPodsRead(ofCluster)));
  return [
    ...configurationFindings(content, settings),
    ...program,
    ...ofCluster,
    ...unknownHosts,
    ...hosts,
    ...ofBucket,
  ];
}

/** What the cluster's API tells. */
async function apiFindings(
  stack: string,
  settings: Settings,
  instances: readonly Instance[],
): Promise<readonly Finding[]> {
  const api = await ClusterApi.open(settings).catch(asUnreachable);
  if (api instanceof Unreachable) {
    return [{ check: CLUSTER, result: "problem", text: api.message, remedy: CLUSTER_REMEDY }];
  }
  const edges = edgesOf(settings.edges);
  const { namespace } = settings.pageServer;
  const { mark } = viewOf(stack, settings);
  const inspecting = inspect(edges, settings);
  const inspected = (check: string, work: (inspection: Inspection) => Promise<readonly Finding[]>) =>
    guarded(check, async () => work(await inspecting));
  const findings = await Promise.all([
    guarded(CLUSTER, () => clusterFindings(api), CLUSTER_REMEDY),
    guarded("versions", () => versionsFindings(api)),
    guarded("clock", () => clockFindings(api, settings.bucket)),
    guarded("rights", () => rightsFindings(settings)),
    inspected("admission", (inspection) => admissionFindings(instances, inspection)),
    inspected("controller", async (inspection) => controllerFindings(inspection.edges)),
    inspected("self-test", (inspection) => selfTestFindings(instances, inspection.edges, namespace, mark)),
    inspected("routes", async (inspection) =>
      orOk(
        "routes",
        routeFindings(instances, settings, inspection),
        `nothing comes before an override of ${countText(instances)}`,
      ),
    ),
    inspected("registry", (inspection) => registryFindings(inspection.edges, settings.instances, settings.maintenance)),
    guarded("admission policy", () => admissionPolicyFindings(api, settings, edges)),
    guarded("page server", () =>
      pageServerFindings(api, settings.pageServer, () => selfTestPages(instances, edges, { namespace, mark })),
    ),
  ]);
  return findings.flat();
}

/** What a check finds. A check that fails is unknown, and stops no other one. */
async function guarded(
  check: string,
  work: Check,
  remedy = "See the row of the cluster, and that of rights.",
): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return [{ check, result: "unknown", text: error.message, remedy }];
  }
}

function asUnreachable(error: unknown): Unreachable {
  if (error instanceof Unreachable) return error;
  throw error;
}

function countText(instances: readonly Instance[]): string {
  const [first] = instances;
  return instances.length === 1 && first !== undefined ? first.name : `${instances.length} instances`;
}
