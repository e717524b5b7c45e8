import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BinaryName } from "../tools/tools";
import { CONTROL_ADDRESS } from "./control-plane";
import type { Relays } from "./relays";
import type { Sandbox, SandboxProcess } from "./sandbox";
import { waitFor } from "./waiting";

/** An S3 server (versitygw) whose buckets are folders. */
export interface ObjectStore {
  /** The S3 API as reached from this machine: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** The same as pods reach it. */
  readonly endpointInCluster: string;
  /** The owner's credentials. Any region is right; buckets are addressed by path. */
  readonly accessKey: string;
  readonly secretKey: string;
  /** "The bucket is down": connections are refused, or reset when they come from this machine. Does nothing when down. */
  stop(): Promise<void>;
  /** Up again, with all that was in it. Does nothing when up. */
  start(): Promise<void>;
}

const port = 7070;

export async function startObjectStore(
  sandbox: Sandbox,
  relays: Relays,
  binaries: Readonly<Record<BinaryName, string>>,
): Promise<ObjectStore> {
  const accessKey = "maintenance-pages";
  const secretKey = randomBytes(20).toString("hex");
  await mkdir(join(sandbox.state, "objects"), { recursive: true });
  const endpoint = `http://127.0.0.1:${await relays.open(CONTROL_ADDRESS, port)}`;
  let running: SandboxProcess | undefined;
  const store: ObjectStore = {
    endpoint,
    endpointInCluster: `http://${CONTROL_ADDRESS}:${port}`,
    accessKey,
    secretKey,
    async stop() {
      const stopped = running;
      running = undefined;
      await stopped?.stop();
    },
    async start() {
      if (running !== undefined) {
        return;
      }
      running = sandbox.start(
        "object-store",
        [binaries.versitygw, "--port", `${CONTROL_ADDRESS}:${port}`, "posix", `${sandbox.stateInside}/objects`],
        // In the environment, as command lines can be read by everybody on the machine.
        { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      );
      const answers = async () => {
        const response = await fetch(endpoint, { signal: AbortSignal.timeout(2000) });
        await response.arrayBuffer();
        return response.status;
      };
      const what = "the object store to answer";
      await waitFor(answers, { what, timeoutSeconds: 30, logFile: running.logFile, check: sandbox.check });
    },
  };
  await store.start();
  return store;
}
