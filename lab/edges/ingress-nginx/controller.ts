import { readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, EDGE_ADDRESS } from "../../cluster/control-plane";
import { LocalError } from "../../cluster/errors";
import { statusOf } from "../../cluster/kube";
import { flags } from "../../cluster/processes";
import type { Relays } from "../../cluster/relays";
import type { Sandbox, SandboxProcess } from "../../cluster/sandbox";
import { answersAt, waitFor } from "../../cluster/waiting";
import type { Tools } from "../../tools/tools";
import type { Edge } from "../edge";
import { writeEtcNginx } from "./etc-nginx";
import {
  admissionWebhook,
  CONFIG_MAP,
  type ControllerIdentity,
  ELECTION_ID,
  edgeObjects,
  POD,
  webhookPort,
} from "./objects";

/** What of the ingress-nginx chart's values is used here. */
export interface IngressNginxValues {
  readonly controller: {
    /** Flags of the controller, without their dashes. */
    readonly extraArgs?: Readonly<Record<string, string>>;
    /** Its ConfigMap. */
    readonly config?: Readonly<Record<string, string>>;
  };
}

/** A running ingress-nginx. Its log has the access and error logs of nginx, too. */
export interface IngressNginx extends Edge {
  /** The nginx.conf that the controller rendered last. */
  readonly configFile: string;
}

export interface IngressNginxOptions {
  readonly identity: ControllerIdentity;
  readonly tools: Tools;
  readonly values: IngressNginxValues;
  /** The port on this machine, if it is free. */
  readonly wantedPort: number;
  readonly report: (line: string) => void;
}

/** The ports that nginx and the controller listen on besides the visitors'. */
const PORTS = {
  "http-port": 80,
  "https-port": 443,
  "default-server-port": 8181,
  "healthz-port": 10254,
  "profiler-port": 10245,
  "status-port": 10246,
  "stream-port": 10247,
} as const;

/**
 * Starts the ingress-nginx controller of July 2024 (with the chart 4.11.0) as a process beside the node.
 *
 * @throws LocalError when the Service of `default-backend-service` does not exist: the controller would exit
 */
export async function startIngressNginx(
  sandbox: Sandbox,
  relays: Relays,
  controlPlane: ControlPlane,
  options: IngressNginxOptions,
): Promise<IngressNginx> {
  const { identity, values, tools, wantedPort, report } = options;
  const { namespace, className, controllerClass, portOffset } = identity;
  const name = portOffset === 0 ? "edge" : `edge-${className}`;
  const backend = values.controller.extraArgs?.["default-backend-service"];
  if (backend !== undefined) {
    await requireService(controlPlane, backend);
  }
  report("stand-in: the ingress-nginx controller is built from its source of July 2024, and runs Debian's nginx");
  report(
    "stand-in: the controller's lua-resty-* libraries that Debian does not package (round robin, chash, cookie and others)",
  );
  const config = {
    "worker-processes": "2", // the default is one for each core, which is many for a machine that does all the rest too
    ...values.controller.config,
    "use-http2": "false", // `http2 on` is newer than Debian's nginx 1.22
  };
  const ready = { timeoutSeconds: 20, logFile: join(sandbox.logs, "kube-apiserver.log"), check: sandbox.check };
  for (const object of edgeObjects(identity, config)) {
    // Tried again, as a new namespace refuses pods until the controllers have made its default service account.
    await waitFor(() => controlPlane.kube.apply(object).then(() => true), {
      ...ready,
      what: `${object.kind} ${object.metadata?.name} to be created`,
    });
  }
  await controlPlane.authority.issue("webhook", {
    subject: "/CN=ingress-nginx-admission",
    alternativeNames: [`IP:${EDGE_ADDRESS}`],
  });

  const port = await relays.open(EDGE_ADDRESS, PORTS["http-port"] + portOffset, wantedPort);
  if (port !== wantedPort) {
    report(`port ${wantedPort} is taken, so the edge is at port ${port}`);
  }
  const url = `http://127.0.0.1:${port}`;
  const encryptedUrl = `https://127.0.0.1:${await relays.open(EDGE_ADDRESS, PORTS["https-port"] + portOffset)}`;
  const etcNginx = join(sandbox.state, `${name}-etc-nginx`);
  const script = join(sandbox.state, "controller.sh"); // a copy, as the checkout may be where the sandbox cannot see it
  await copyFile(join(__dirname, "controller.sh"), script);

  let running: { readonly process: SandboxProcess; readonly endAnswers: () => Promise<void> } | undefined;
  const stop = async () => {
    const stopped = running;
    running = undefined;
    await stopped?.process.stop();
    await stopped?.endAnswers();
  };
  const start = async () => {
    if (running !== undefined) {
      return;
    }
    await sandbox.during(() => writeEtcNginx(tools.ingressNginxModule, etcNginx));
    const inside = (file: string) => `${sandbox.stateInside}/${file}`;
    const controller = sandbox.start(
      name,
      [
        // Ending the first process ends nginx too, which the controller puts into a process group of its own.
        ...["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"],
        ...["bash", inside("controller.sh"), inside(`${name}-etc-nginx`), tools.binaries["nginx-ingress-controller"]],
        ...flags({
          kubeconfig: controlPlane.kubeconfigInside("ingress-nginx"),
          configmap: `${namespace}/${CONFIG_MAP}`,
          "election-id": ELECTION_ID,
          "publish-status-address": EDGE_ADDRESS,
          "validating-webhook": `:${webhookPort(identity)}`,
          "ingress-class": className,
          "controller-class": controllerClass,
          ...Object.fromEntries(Object.entries(PORTS).map(([flag, port]) => [flag, String(port + portOffset)])),
          "validating-webhook-certificate": inside("webhook.crt"),
          "validating-webhook-key": inside("webhook.key"),
          v: "2", // for a line of the log that is waited for below
          ...values.controller.extraArgs,
        }),
      ],
      { POD_NAME: POD, POD_NAMESPACE: namespace, NGINX_BINARY: "/usr/sbin/nginx" },
    );
    running = { process: controller, endAnswers: async () => {} };
    const { logFile } = controller;
    const wait = { timeoutSeconds: 60, logFile, check: sandbox.check };
    // The template's stream block is cut, as Debian's stream module has no Lua; but the controller sends its TCP and
    // UDP services there, of which there are none (updateStreamConfiguration in internal/ingress/controller/nginx.go).
    // It also wants the port free when it reads its flags, and this line comes after those.
    const logged = (line: string) => async () => (readFileSync(logFile, "utf8").includes(line) ? true : undefined);
    await waitFor(logged("Creating API client"), { ...wait, what: "the ingress-nginx controller to start" });
    running = { process: controller, endAnswers: await relays.answerInside(PORTS["stream-port"] + portOffset) };
    // Logged from verbosity 2 on, when nginx has been told of the backends; until then it answers everything with 503.
    await waitFor(logged("Dynamic reconfiguration succeeded"), { ...wait, what: "the edge to have its configuration" });
    await waitFor(answersAt(`${url}/healthz`), { ...wait, what: "the edge to answer" });
    await sleep(1200); // each nginx worker looks once a second what it was told (BACKENDS_SYNC_INTERVAL, lua/balancer.lua)
    await controlPlane.kube.apply(admissionWebhook(identity, controlPlane.authority.certificate));
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    port,
    encryptedUrl,
    stop,
    start,
    logFile: join(sandbox.logs, `${name}.log`),
    configFile: join(etcNginx, "nginx.conf"),
  };
}

async function requireService(controlPlane: ControlPlane, backend: string): Promise<void> {
  const [namespace, name] = backend.split("/");
  if (namespace === undefined || name === undefined) {
    throw new LocalError(`default-backend-service is "${backend}", but has to be NAMESPACE/NAME`);
  }
  try {
    await controlPlane.kube.core.readNamespacedService({ namespace, name });
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new LocalError(
        `there is no Service ${backend}, the edge's default backend: it has to exist before the edge starts`,
      );
    }
    throw error;
  }
}
