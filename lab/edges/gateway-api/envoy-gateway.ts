import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../cluster/commands";
import { type ControlPlane, EDGE_ADDRESS } from "../../cluster/control-plane";
import type { Relays } from "../../cluster/relays";
import type { Sandbox, SandboxProcess } from "../../cluster/sandbox";
import { answersAt, waitFor } from "../../cluster/waiting";
import { hostsOf, SAMPLES } from "../../samples";
import { ensureEnvoy } from "../../tools/envoy";
import { ensureProgram } from "../../tools/tools";
import type { Edge } from "../edge";
import { chartObjects, ENVOY_PORTS, type Fields, gatewayObjects, NAMESPACE, renderTypes } from "./objects";
import { EnvoyDeployment, Volumes } from "./pods";

/** A running Envoy, whose `stop` and `start` leave Envoy Gateway alone. Its `logFile` is Envoy's. */
export interface EnvoyGateway extends Edge {
  /** Ends Envoy Gateway at once. Envoy goes on with the configuration that it has. */
  stopController(): Promise<void>;
  /** Returns when it has read the cluster. An Envoy that was left alone for long connects again some seconds later. */
  startController(): Promise<void>;
  /** Envoy Gateway's output. */
  readonly controllerLogFile: string;
}

/** What differs from an installation with Envoy Gateway's own defaults. */
export interface GatewayOptions {
  /** More fields of the EnvoyProxy's `spec`, such as `{ preserveRouteOrder: true }` or `{ mergeBackends: {} }`. */
  readonly envoyProxy?: Fields;
  /** The Gateway's listeners; those on other ports than 80 and 443 can't be reached from this machine. @default `LISTENERS` */
  readonly listeners?: readonly Fields[];
}

export interface EnvoyGatewayOptions extends GatewayOptions {
  /** The path of helm, which renders Envoy Gateway's charts. */
  readonly helm: string;
  /** The port on this machine, if it is free. */
  readonly wantedPort: number;
  readonly report: (line: string) => void;
}

/** Makes the types of Gateway API and of Envoy Gateway, which the program needs before Envoy Gateway itself. */
export async function createGatewayApiTypes(
  sandbox: Sandbox,
  controlPlane: ControlPlane,
  helm: string,
  report: (line: string) => void,
): Promise<void> {
  const { module } = await ensureProgram("envoy-gateway", report);
  const kubectl = await ensureProgram("kubectl", report);
  const file = join(sandbox.state, "gateway-api-types.yaml");
  await writeFile(file, await renderTypes(helm, module));
  const type = (...args: readonly string[]) =>
    runCommand(kubectl.path, ["--kubeconfig", controlPlane.kubeconfig, ...args]);
  // Not `apply`: some are too large for its annotation. The API server validates them by itself.
  await type("create", "--validate=false", "--filename", file);
  await type("wait", "--for", "condition=established", "--timeout", "60s", "crd", "--all");
  // Established is not enough: until its cache is filled, the API server answers 429, "storage is (re)initializing", and kubectl
  // requests it again (k8s.io/apiserver/pkg/storage/cacher/ready.go).
  await type("get", "--all-namespaces", READ_BY_THE_PROGRAM.join());
}

const READ_BY_THE_PROGRAM = [
  "gatewayclasses",
  "gateways",
  "listenersets",
  "httproutes",
  "grpcroutes",
  "referencegrants",
  "envoyproxies",
  "backendtrafficpolicies",
  "securitypolicies",
];

/** Where the probes of Envoy Gateway (its chart's values) and of Envoy (`EnvoyReadinessPort`, internal/xds/bootstrap) ask. */
const PROBES = { controller: { port: 8081, path: "/readyz" }, envoy: { port: 19003, path: "/ready" } } as const;

/** Starts Envoy Gateway and its Envoy as processes beside the node, with a Gateway for every host and all namespaces. */
export async function startEnvoyGateway(
  sandbox: Sandbox,
  relays: Relays,
  controlPlane: ControlPlane,
  { helm, envoyProxy, listeners, wantedPort, report }: EnvoyGatewayOptions,
): Promise<EnvoyGateway> {
  const program = await ensureProgram("envoy-gateway", report);
  const envoy = await ensureEnvoy(report);
  report(
    `stand-in: Envoy Gateway ${program.version} is built from its source; it and Envoy ${envoy.version} run as processes and not in pods`,
  );
  const { kube } = controlPlane;
  for (const object of await chartObjects(helm, program.module)) await kube.apply(object);
  const certificate = await issueCertificate(controlPlane);
  for (const object of gatewayObjects(certificate, { listeners, spec: envoyProxy })) await kube.apply(object);
  await sandbox.run([
    "env",
    `KUBECONFIG=${controlPlane.kubeconfigInside("envoy-gateway-certgen")}`,
    ...[program.path, "certgen", "--disable-topology-injector"],
  ]);
  const volumes = new Volumes(sandbox, controlPlane);
  await volumes.write("envoy-gateway", "certs", await volumes.secret("envoy-gateway"));
  await volumes.write("envoy-gateway", "config", await volumes.configMap("envoy-gateway-config"));
  await volumes.write("envoy", "certs", await volumes.secret("envoy"));
  const script = join(sandbox.state, "own-root.sh"); // a copy, as the checkout may be where the sandbox cannot see it
  await copyFile(join(__dirname, "own-root.sh"), script);
  const inOwnRoot = (name: string) => [
    ...["unshare", "--mount", "bash", `${sandbox.stateInside}/own-root.sh`, `${sandbox.stateInside}/${name}`],
  ];

  const port = await relays.open(EDGE_ADDRESS, ENVOY_PORTS.http, wantedPort);
  const url = `http://127.0.0.1:${port}`;
  const encryptedUrl = `https://127.0.0.1:${await relays.open(EDGE_ADDRESS, ENVOY_PORTS.https)}`;
  const probe = async ({ port: inside, path }: (typeof PROBES)[keyof typeof PROBES]) => {
    return answersAt(`http://127.0.0.1:${await relays.open("127.0.0.1", inside)}${path}`);
  };
  const controllerIsReady = await probe(PROBES.controller);
  const envoyIsReady = await probe(PROBES.envoy);

  let controller: SandboxProcess | undefined;
  const stopController = async () => {
    const stopped = controller;
    controller = undefined;
    await stopped?.stop();
  };
  const startController = async () => {
    if (controller !== undefined) return;
    controller = sandbox.start(
      "envoy-gateway",
      [...inOwnRoot("envoy-gateway"), program.path, "server", "--config-path", "/config/envoy-gateway.yaml"],
      { KUBECONFIG: controlPlane.kubeconfigInside("envoy-gateway"), ENVOY_GATEWAY_NAMESPACE: NAMESPACE },
    );
    const { logFile } = controller;
    const what = "Envoy Gateway to be ready";
    await waitFor(controllerIsReady, { what, timeoutSeconds: 60, logFile, check: sandbox.check });
  };

  let running: SandboxProcess | undefined;
  const deployment = new EnvoyDeployment(controlPlane);
  const findEnvoy = async () => {
    const found = await deployment.find();
    return found && { args: found.args, sds: await volumes.configMap(found.name) };
  };
  let known: Awaited<ReturnType<typeof findEnvoy>>;
  /** As a Service does, which sends visitors only to pods that are ready. */
  const admitVisitors = async (isReady: boolean) => {
    for (const one of Object.values(ENVOY_PORTS)) await relays.admit(EDGE_ADDRESS, one, isReady);
    await deployment.markPods(isReady).catch(() => undefined); // without an API server no kubelet can say it either
  };
  const stop = async () => {
    const stopped = running;
    running = undefined;
    await stopped?.stop();
    await admitVisitors(false);
  };
  const start = async () => {
    if (running !== undefined) return;
    const wait = { timeoutSeconds: 60, check: sandbox.check };
    const what = "Envoy Gateway to make a Deployment of Envoy";
    // A pod that is there starts again without the API server.
    known = (await findEnvoy().catch(() => known)) ?? (await waitFor(findEnvoy, { ...wait, what }));
    await volumes.write("envoy", "sds", known.sds);
    running = sandbox.start("envoy", [...inOwnRoot("envoy"), envoy.path, ...known.args, ...ENVOY_ARGS]);
    const { logFile } = running;
    await waitFor(envoyIsReady, { ...wait, what: "Envoy to be ready", logFile });
    await admitVisitors(true);
  };
  try {
    await startController();
    await start();
  } catch (error) {
    await stop();
    await stopController();
    throw error;
  }
  return {
    ...{ url, port, encryptedUrl, stop, start, stopController, startController },
    logFile: join(sandbox.logs, "envoy.log"),
    controllerLogFile: join(sandbox.logs, "envoy-gateway.log"),
  };
}

/** Without hot restart, for which Envoy keeps a file in /dev/shm, which is the machine's; in pods nobody uses it. */
const ENVOY_ARGS = ["--disable-hot-restart"] as const;

/** A certificate for the hosts of the samples, and for whatever else ends in `.localhost`. */
async function issueCertificate({ authority }: ControlPlane) {
  const alternativeNames = ["*.localhost", ...SAMPLES.flatMap(hostsOf)].map((host) => `DNS:${host}`);
  await authority.issue("gateway", { subject: "/CN=*.localhost", alternativeNames });
  const [certificate, key] = await Promise.all(
    ["crt", "key"].map((ending) => readFile(join(authority.folder, `gateway.${ending}`), "utf8")),
  );
  return { certificate: certificate ?? "", key: key ?? "" };
}
