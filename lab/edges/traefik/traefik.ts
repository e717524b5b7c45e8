import { setTimeout as sleep } from "node:timers/promises";
import type { TraefikValues } from "../../../components/edges/traefik/values";
import { runCommand } from "../../cluster/commands";
import { type ControlPlane, EDGE_ADDRESS } from "../../cluster/control-plane";
import { flags } from "../../cluster/processes";
import type { Relays } from "../../cluster/relays";
import type { Sandbox, SandboxProcess } from "../../cluster/sandbox";
import { answersAt, waitFor } from "../../cluster/waiting";
import { ensureProgram } from "../../tools/tools";
import type { Edge } from "../edge";
import { ingressClass, NGINX_CLASS, traefikObjects, typesFile } from "./objects";

export interface TraefikOptions {
  /** The values of the Helm chart, as the stack's output has them. */
  readonly values: TraefikValues;
  /** More options of the static configuration, such as `{ "entryPoints.websecure.http.tls": "false" }`. */
  readonly options?: Readonly<Record<string, string>>;
  /** Its number: each has other ports. @default 0 */
  readonly number?: number;
  /** The port on this machine, if it is free. */
  readonly wantedPort: number;
  readonly report: (line: string) => void;
}

/** Makes Traefik's own types of objects, which the program needs before Traefik itself. */
export async function createTraefikTypes(controlPlane: ControlPlane, report: (line: string) => void): Promise<void> {
  const { module } = await ensureProgram("traefik", report);
  const kubectl = await ensureProgram("kubectl", report);
  const type = (...args: readonly string[]) =>
    runCommand(kubectl.path, ["--kubeconfig", controlPlane.kubeconfig, ...args]);
  await type("create", "--filename", typesFile(module));
  await type("wait", "--for", "condition=established", "--timeout", "30s", "--filename", typesFile(module));
}

/**
 * Starts Traefik 3.6 as a process beside the node, with the three providers that Harmony's chart enables: its own objects, Ingresses of
 * its own class, and Ingresses of ingress-nginx's class.
 */
export async function startTraefik(
  sandbox: Sandbox,
  relays: Relays,
  controlPlane: ControlPlane,
  { values, options = {}, number = 0, wantedPort, report }: TraefikOptions,
): Promise<Edge> {
  const { path, module, version } = await ensureProgram("traefik", report);
  report(`stand-in: Traefik ${version} is built from its source, and runs as a process and not in a pod`);
  const name = number === 0 ? "traefik" : `traefik-${number}`;
  const [web, websecure, internal] = [9080, 9443, 9900].map((port) => port + number);
  const crd = values.providers.kubernetesCRD;
  const all = {
    "entryPoints.web.address": `${EDGE_ADDRESS}:${web}/tcp`,
    "entryPoints.websecure.address": `${EDGE_ADDRESS}:${websecure}/tcp`,
    "entryPoints.websecure.http.tls": "true",
    "entryPoints.traefik.address": `${EDGE_ADDRESS}:${internal}/tcp`,
    ping: "true",
    "providers.kubernetesCRD": String(crd.enabled),
    "providers.kubernetesCRD.allowEmptyServices": String(crd.allowEmptyServices),
    ...(crd.ingressClass === undefined ? {} : { "providers.kubernetesCRD.ingressClass": crd.ingressClass }),
    "providers.kubernetesIngress": "true",
    "providers.kubernetesIngress.allowEmptyServices": "true",
    "providers.kubernetesIngressNGINX": "true",
    "global.checkNewVersion": "false",
    "global.sendAnonymousUsage": "false",
    "log.level": "INFO",
    ...options,
  };
  const args = flags(all);
  // The class that ingress-nginx would make. Where both run, it is that controller's.
  await controlPlane.kube.apply(ingressClass(NGINX_CLASS, "k8s.io/ingress-nginx"));
  const ready = { timeoutSeconds: 20, check: sandbox.check };
  for (const object of traefikObjects(module, "traefik", new Map([[`${name}-0`, args]]))) {
    // Tried again, as a new namespace refuses pods until the controllers have made its default service account.
    await waitFor(() => controlPlane.kube.apply(object).then(() => true), {
      ...ready,
      what: `${object.kind} ${object.metadata?.name} to be created`,
    });
  }
  const port = await relays.open(EDGE_ADDRESS, web ?? 0, wantedPort);
  const url = `http://127.0.0.1:${port}`;
  const encryptedUrl = `https://127.0.0.1:${await relays.open(EDGE_ADDRESS, websecure ?? 0)}`;
  const ping = `http://127.0.0.1:${await relays.open(EDGE_ADDRESS, internal ?? 0)}/ping`;

  let running: SandboxProcess | undefined;
  /** As a Service does, which sends visitors only to pods that are ready. */
  const admitVisitors = async (isReady: boolean) => {
    for (const one of [web, websecure]) await relays.admit(EDGE_ADDRESS, one ?? 0, isReady);
  };
  const stop = async () => {
    const stopped = running;
    running = undefined;
    await stopped?.stop();
    await admitVisitors(false);
  };
  const start = async () => {
    if (running !== undefined) return;
    const delay = sleep(READINESS_MILLISECONDS);
    running = sandbox.start(name, [path, ...args], { KUBECONFIG: controlPlane.kubeconfigInside("traefik") });
    const { logFile } = running;
    await waitFor(answersAt(ping), { what: "Traefik to answer", timeoutSeconds: 60, logFile, check: sandbox.check });
    await delay;
    await admitVisitors(true);
    await sleep(THROTTLE_MILLISECONDS);
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, encryptedUrl, stop, start, logFile: running?.logFile ?? "" };
}

/** `readinessProbe.initialDelaySeconds` of Traefik's Helm chart. */
const READINESS_MILLISECONDS = 2000;

/** Traefik answers its ping before it has loaded all providers; it loads a changed configuration every two seconds at most. */
const THROTTLE_MILLISECONDS = 3000;
