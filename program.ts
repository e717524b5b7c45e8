import * as pulumi from "@pulumi/pulumi";
import { AdmissionPolicies } from "./components/admission-policy/component";
import { policyManifests } from "./components/admission-policy/model";
import { PagesBucket } from "./components/bucket/component";
import { clusterReader, Unreachable } from "./components/cluster-api";
import { DestroyProtection } from "./components/destroy-protection";
import { edgesOf } from "./components/edges";
import { declareEdge } from "./components/edges/resources";
import { PROTECTION_OF_OVERRIDES } from "./components/names";
import { PageServer } from "./components/page-server/component";
import { clusterProvider, storeProvider } from "./components/providers";
import { bypassKey, walkOf } from "./model/bypass";
import { isBehind, otherHostsOf, serviceOf } from "./model/instances";
import { isShown } from "./model/maintenance";
import { PagesError, SettingsError } from "./model/problems";
import { feedOf, maintenanceOutput, tutorSettingsOutput } from "./outputs";
import { readClients } from "./pages/clients";
import { renderFailurePages, renderInstancePages, renderSharedPages, renderStandingPages } from "./pages/render";
import { forgottenIn } from "./settings/authorship";
import { bucketUrl, pagesUrl } from "./settings/bucket-address";
import { readClock } from "./settings/clock";
import { instancesWithPages, readSettings } from "./settings/read";
import { keptMaintenance } from "./settings/recorded";
import { stackFileOf } from "./settings/stack-file";
import { stackMark } from "./settings/stack-mark";

export interface ProgramOptions {
  /**
   * Names of instances whose folder in `pages/clients/` is not read. Their pages are then not declared, so only for runs that are restricted
   * to other resources.
   */
  readonly leftOut?: readonly string[];
  /** Hosts of instances that may have none by the configuration; see `Settings.kept`. */
  readonly kept?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Declares everything that a stack has, from its configuration, in the stack that Pulumi is running.
 *
 * @returns the stack's outputs.
 * @throws {RunError} when the configuration or a file in `pages/` has problems, or an edge must read the cluster and can't. Pulumi shows it
 *   without a stack trace.
 */
export async function program(options: ProgramOptions = {}) {
  try {
    return await declareAll(options);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof PagesError) throw new pulumi.RunError(error.message);
    if (error instanceof Unreachable) throw new pulumi.RunError(`The cluster can't be read: ${error.message}`);
    throw error;
  }
}

async function declareAll({ leftOut = [], kept = {} }: ProgramOptions) {
  // --- settings
  const hostsOfLastUp = () => new Map(Object.entries(kept));
  const settings = readSettings(pulumi.runtime.allConfig(), readClock(), { hostsOfLastUp });
  for (const warning of settings.warnings) pulumi.log.warn(warning);
  const { instances, bypassSecret, protect } = settings;
  const recorded = keptMaintenance();

  // --- pages
  const withPages = instancesWithPages(settings);
  const pageSettings = {
    ...settings,
    clients: readClients(
      withPages.filter(({ name }) => !leftOut.includes(name)),
      settings.theme,
    ),
  };
  const sharedPages = renderSharedPages(pageSettings);
  const failurePages = renderFailurePages(withPages, pageSettings);
  const standingPages = renderStandingPages(withPages, pageSettings);
  const shown = settings.maintenance.filter(isShown).map((entry) => ({
    entry,
    own: renderInstancePages(entry, pageSettings),
  }));

  // --- the bucket with the pages, and the page server that answers with them
  const provider = clusterProvider(settings.kubernetes, settings.cluster);
  const edges = edgesOf(settings.edges);
  const bucket = new PagesBucket(
    "pages",
    {
      bucket: settings.bucket,
      pages: [sharedPages, ...failurePages, ...standingPages, ...shown.flatMap(({ own }) => own ?? [])].flatMap(
        ({ objects }) => objects,
      ),
      clients: [...pageSettings.clients.values()],
    },
    { provider: storeProvider(settings.bucket) },
  );
  const pageServer = new PageServer(
    "page-server",
    {
      pageServer: settings.pageServer,
      edges,
      pagesUrl: pagesUrl(settings.bucket),
      certificateAuthority: settings.bucket.certificateAuthority,
      embeddedPages: sharedPages.objects,
      retryAfter: settings.retryAfter,
      languages: settings.languages,
      clients: instances.filter(({ name }) => pageSettings.clients.has(name)),
      otherHosts: instances.filter(({ name }) => !pageSettings.clients.has(name)).flatMap(({ hosts }) => hosts),
      mark: stackMark(pulumi.getStack(), settings),
      protect,
    },
    { provider },
  );

  // --- each edge: the controller, if this stack installs it, and the overrides of the instances in maintenance
  const overrides = shown.map(({ entry: { instance, kind, bypass }, own }) => ({
    instance: instance.name,
    hosts: instance.hosts,
    otherHosts: otherHostsOf(instance, instances),
    edges: instance.edges,
    kind,
    revision: own?.revision,
    hasAssets: (pageSettings.clients.get(instance.name)?.assets.length ?? 0) > 0,
    bypass:
      bypass && bypassSecret !== undefined
        ? { key: bypassKey(bypassSecret, instance.name), service: serviceOf(instance), walk: walkOf(instance) }
        : undefined,
    dependsOn: own?.awaited ? bucket.objectsOf(own.objects) : [],
  }));
  const cluster = clusterReader(settings);
  const declared = await Promise.all(
    Object.entries(settings.edges).map(async ([name, edge]) => ({
      name,
      ...(await declareEdge(name, edge, {
        namespace: settings.pageServer.namespace,
        service: pageServer.service,
        deployment: pageServer.deployment,
        protect,
        instances: instances.map(({ name }) => name),
        overrides: overrides.filter((override) => isBehind(override, name)),
        cluster,
        provider,
      })),
    })),
  );
  const standing = declared.flatMap((edge) => edge.standing);
  const atEdges = declared.flatMap((edge) => edge.overrides);

  // --- what keeps objects of others out of the overrides
  const { namespace } = settings.pageServer;
  const reservations = edges.flatMap((edge) => edge.reservationsOf(namespace));
  const policies = settings.admissionPolicy
    ? [new AdmissionPolicies("admission-policy", { policies: policyManifests(reservations, namespace) }, { provider })]
    : [];

  if (settings.feed) bucket.createFeed(feedOf(settings.maintenance), [...standing, ...atEdges]);

  // --- makes `pulumi destroy` fail before it deletes anything
  new DestroyProtection("the-setting-protect", { protect, dependsOn: [bucket, pageServer, ...policies, ...standing] });
  // By itself: a run that is restricted to the overrides could delete none while something outside of it depends on them.
  new DestroyProtection(PROTECTION_OF_OVERRIDES, { protect, dependsOn: atEdges });

  const forgotten = await forgottenIn(settings, stackFileOf(__dirname, pulumi.getStack()), settings.notify.length > 0);
  return {
    // After the overrides: Pulumi records the outputs of a run that fails as well.
    maintenance: pulumi
      .all(declared.map((edge) => edge.overridden))
      .apply(() => recorded ?? maintenanceOutput(settings.maintenance, forgotten)),
    bucketAddress: bucketUrl(settings.bucket),
    helmValues: Object.fromEntries(declared.map((edge) => [edge.name, edge.helmValues])),
    tutorSettings: tutorSettingsOutput(pagesUrl(settings.bucket), settings.languages),
  };
}
