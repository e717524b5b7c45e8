import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseDocument, stringify } from "yaml";
import { ensureProgram, type ProgramName, type Tools } from "../tools/tools";
import { startEmbeddedCluster } from "./embedded";
import { Kube } from "./kube";
import { makeControllerImage, makeProgramImage } from "./own-images";
import { type Sandbox, stateInside } from "./sandbox";

/** A cluster in the place of one of a person's own: all that is reached of it is its API server. */
export interface OwnCluster {
  /** The path of a kubeconfig for it. */
  readonly kubeconfig: string;
  /** Paths, for the options of `npm run local`: the cluster reaches no chart repository and no registry. */
  readonly chart: string;
  readonly values: string;
  /** A copy of the chart with another version, and with another tag of the same controller. */
  readonly upgradeChart: string;
  stop(): Promise<void>;
}

export interface OwnClusterOptions {
  readonly runFolder: string;
  readonly report: (line: string) => void;
  /** Names of images for which pods get Debian's nginx. */
  readonly nginxImages: readonly string[];
  readonly objectStoreImage: string;
}

/**
 * Starts the embedded cluster with what others have and it needs not: addresses and names of Services, NetworkPolicies that are enforced,
 * a volume, and the images of ingress-nginx and the S3 server.
 */
export async function startOwnCluster(tools: Tools, options: OwnClusterOptions): Promise<OwnCluster> {
  const { runFolder, report, nginxImages, objectStoreImage } = options;
  const program = async (name: ProgramName) => (await ensureProgram(name, report)).path;
  const network = {
    kubeProxy: await program("kube-proxy"),
    kubeRouter: await program("kube-router"),
    coreDns: await program("coredns"),
  };
  const [waitShutdown, certgen] = [await program("wait-shutdown"), await program("webhook-certgen")];
  const charts = { chart: join(tools.ingressNginxModule, "charts", "ingress-nginx"), upgradeChart: "", values: "" };
  const moreImages = async (sandbox: Sandbox) => {
    charts.upgradeChart = await nextChart(charts.chart, join(sandbox.state, "next-chart"));
    charts.values = join(sandbox.state, "values.yaml");
    await writeFile(charts.values, stringify(values));
    const [now, next] = [await imagesOf(charts.chart), await imagesOf(charts.upgradeChart)];
    const programs = {
      controller: tools.binaries["nginx-ingress-controller"],
      waitShutdown,
      module: tools.ingressNginxModule,
    };
    const archives = await Promise.all([
      makeControllerImage(sandbox, programs, [now.controller, next.controller]),
      makeProgramImage(sandbox, certgen, now.certgen, 65532),
      makeProgramImage(sandbox, tools.binaries.versitygw, objectStoreImage, 0),
    ]);
    for (const line of [
      `the controller built from its source of July 2024, with Debian's nginx, as images ${now.controller} and ${next.controller}`,
      "the controller's lua-resty-* libraries that Debian does not package (round robin, chash, cookie and others)",
      `lab/tools/webhook-certgen as image ${now.certgen}`,
      `versitygw, built from its source, as image ${objectStoreImage}`,
    ]) {
      report(`stand-in: ${line}`);
    }
    return archives;
  };
  const cluster = await startEmbeddedCluster(tools, {
    runFolder,
    report,
    images: nginxImages,
    moreImages,
    network,
  });
  await Kube.ofFile(cluster.kubeconfig).apply(volume);
  return { kubeconfig: cluster.kubeconfig, ...charts, stop: () => cluster.stop() };
}

/** Images without the official ones' digests, and what differs with Debian's nginx and on two cores. */
const values = {
  controller: {
    image: { digest: "" },
    enableMimalloc: false, // the official image has it
    config: {
      "use-http2": "false", // `http2 on` is newer than Debian's nginx 1.22
      "worker-processes": "2",
    },
    // The chart's 10 s and every 10 s make each pod of a rollout last a quarter of a minute.
    readinessProbe: { initialDelaySeconds: 5, periodSeconds: 1 },
    admissionWebhooks: { patch: { image: { digest: "" } } },
  },
};

/** Clusters usually have a storage class that makes volumes. */
const volume = {
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "volume" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: "1Gi" },
    hostPath: { path: `${stateInside}/volume`, type: "DirectoryOrCreate" },
  },
};

interface ChartValues {
  readonly controller: {
    readonly image: ChartImage;
    readonly admissionWebhooks: { readonly patch: { readonly image: ChartImage } };
  };
}

interface ChartImage {
  readonly registry: string;
  readonly image: string;
  readonly tag: string;
}

async function imagesOf(chart: string): Promise<{ readonly controller: string; readonly certgen: string }> {
  const { controller } = parse(await readFile(join(chart, "values.yaml"), "utf8")) as ChartValues;
  const name = ({ registry, image, tag }: ChartImage) => `${registry}/${image}:${tag}`;
  return { controller: name(controller.image), certgen: name(controller.admissionWebhooks.patch.image) };
}

/** Copies a chart as its next version: 4.11.0 becomes 4.11.1, and so does its controller's. */
async function nextChart(chart: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await cp(chart, folder, { recursive: true });
  const raise = async (file: string, ...paths: readonly string[][]) => {
    const document = parseDocument(await readFile(join(folder, file), "utf8"));
    for (const path of paths) {
      const version = String(document.getIn(path));
      document.setIn(
        path,
        version.replace(/\d+$/, (last) => String(Number(last) + 1)),
      );
    }
    await writeFile(join(folder, file), document.toString());
  };
  await raise("Chart.yaml", ["version"], ["appVersion"]);
  await raise("values.yaml", ["controller", "image", "tag"]);
  return folder;
}
