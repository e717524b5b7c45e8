// Before all others.
import "./stack-traces";

import * as pulumi from "@pulumi/pulumi";
import { DestroyProtection } from "./components/destroy-protection";
import { IngressController } from "./components/ingress-controller";
import { ingressNginxValues as valuesFor } from "./components/ingress-controller.values";
import { MaintenanceOverrides } from "./components/maintenance-overrides";
import { PageServer } from "./components/page-server";
import { PagesBucket } from "./components/pages-bucket";
import { clusterProvider, storeProvider } from "./components/providers";
import { feedOf, maintenanceOutput, tutorSettingsOutput } from "./outputs";
import { readClients } from "./pages/clients";
import { renderFailurePages, renderInstancePages, renderSharedPages, renderStandingPages } from "./pages/render";
import { bucketUrl, pagesUrl } from "./settings/bucket-address";
import { bypassOf } from "./settings/bypass";
import { readClock } from "./settings/clock";
import { deploymentOf } from "./settings/deployment";
import { isShown } from "./settings/maintenance";
import { readSettings } from "./settings/read";

// --- settings
const settings = readSettings(pulumi.runtime.allConfig(), readClock());
for (const warning of settings.warnings) pulumi.log.warn(warning);

// --- pages
const look = { ...settings, clients: readClients(settings.instances, settings.theme) };
const sharedPages = renderSharedPages(look);
const failurePages = renderFailurePages(settings.instances, look);
const standingPages = renderStandingPages(settings.instances, look);
const shown = settings.maintenance.filter(isShown).map((entry) => ({ entry, own: renderInstancePages(entry, look) }));

// --- the bucket with the pages, and the page server that answers with them
const provider = clusterProvider(settings.kubernetes, settings.cluster);
const bucket = new PagesBucket(
  "pages",
  {
    bucket: settings.bucket,
    pages: [sharedPages, ...failurePages, ...standingPages, ...shown.flatMap(({ own }) => own ?? [])].flatMap(
      ({ objects }) => objects,
    ),
    clients: [...look.clients.values()],
  },
  { provider: storeProvider(settings.bucket) },
);
const pageServer = new PageServer(
  "page-server",
  {
    ...settings,
    pagesUrl: pagesUrl(settings.bucket),
    embeddedPages: sharedPages.objects,
    clients: settings.instances.filter(({ name }) => look.clients.has(name)),
    deployment: deploymentOf(pulumi.getStack(), settings),
  },
  { provider },
);

// --- the controller, for hosts that nobody owns
export const ingressNginxValues = valuesFor(settings.pageServer.namespace, settings.ingressNginx);
const controller = settings.ingressNginx.install
  ? [
      new IngressController(
        "ingress-nginx",
        { ...settings, values: ingressNginxValues },
        { provider, dependsOn: [pageServer.service] },
      ),
    ]
  : [];

// --- the overrides, for instances in maintenance
const overrides = new MaintenanceOverrides(
  "maintenance",
  {
    namespace: settings.pageServer.namespace,
    ingressClassName: settings.ingressNginx.className,
    dependsOn: [pageServer.deployment],
    controller,
    protect: settings.protect,
    overrides: shown.map(({ entry, own }) => ({
      instance: entry.instance.name,
      hosts: entry.instance.hosts,
      kind: entry.kind,
      revision: own?.revision,
      hasAssets: (look.clients.get(entry.instance.name)?.assets.length ?? 0) > 0,
      bypass: bypassOf(entry, settings),
      dependsOn: own?.awaited ? bucket.objectsOf(own.objects) : [],
    })),
  },
  { provider },
);

if (settings.feed) bucket.createFeed(feedOf(settings.maintenance), [overrides]);

// --- what makes `pulumi destroy` refuse before it deletes anything

new DestroyProtection("the-setting-protect", {
  protect: settings.protect,
  dependsOn: [bucket, pageServer, ...controller, overrides],
});

// --- outputs
export const maintenance = maintenanceOutput(settings.maintenance);
export const bucketAddress = bucketUrl(settings.bucket);
export const tutorSettings = tutorSettingsOutput(pagesUrl(settings.bucket), settings.languages);
