import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A web server to measure with. */
export interface RunningNginx {
  stop(): Promise<void>;
}

/**
 * Starts an nginx on loopback.
 *
 * @param servers its `server` blocks.
 */
export async function startNginx(servers: string, workers = 1): Promise<RunningNginx> {
  const folder = mkdtempSync(join(tmpdir(), "bench-nginx-"));
  mkdirSync(join(folder, "scratch"));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path scratch/${kind};`,
  );
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const configuration = `${user}
worker_processes ${workers};
pid nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; ${paths.join(" ")} ${servers} }
`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const nginx = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-g", "daemon off;"], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  // Written when it listens.
  for (let attempt = 0; attempt < 100 && !existsSync(join(folder, "nginx.pid")); attempt += 1) await sleep(50);
  return {
    async stop() {
      const ended = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
