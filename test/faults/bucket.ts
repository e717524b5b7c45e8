import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { EmbeddedCluster } from "../../lab/cluster/embedded";
import { startLogged } from "../../lab/cluster/processes";

/** How the bucket answers. */
export type BucketMode = "up" | "down" | "slow" | "forbidden" | "failing" | "a stranger";

/** A bucket that fails in every way: a proxy before the cluster's own, at an address that pods reach. */
export interface FailingBucket {
  /** Where the page server reads, without a slash at the end. */
  readonly address: string;
  become(mode: BucketMode): Promise<void>;
  stop(): void;
}

const PORT = 7071;

/**
 * Starts it.
 *
 * @param logFile gets what it prints.
 */
export async function startFailingBucket(cluster: EmbeddedCluster, logFile: string): Promise<FailingBucket> {
  const { hostname, origin } = new URL(cluster.objectStore.endpointInCluster);
  const typescript = createRequire(__filename).resolve("sucrase/register/ts");
  const script = join(__dirname, "bucket-process.ts");
  const child = startLogged(
    [...cluster.enterNetwork, process.execPath, "--require", typescript, script, hostname, String(PORT), origin],
    logFile,
    { channel: "ipc" },
  );
  await told(child, () => undefined);
  return {
    address: `http://${hostname}:${PORT}`,
    become: (mode) => told(child, () => child.send(mode)),
    stop: () => void child.kill("SIGKILL"),
  };
}

/** Waits for the process' next message, which it sends when it has done what it was asked. */
function told(child: ChildProcess, ask: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the failing bucket has ended"));
    child.once("exit", ended);
    child.once("message", () => {
      child.off("exit", ended);
      resolve();
    });
    ask();
  });
}
