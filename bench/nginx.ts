import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A web server to measure with. */
export interface RunningNginx {
  stop(): Promise<void>;
}

/**
 * Starts an nginx on loopback.
 *
 * @param servers its `server` blocks.
 */
export async function startNginx(servers: string): Promise<RunningNginx> {
  const folder = mkdtempSync(join(tmpdir(), "bench-nginx-"));
  mkdirSync(join(folder, "scratch"));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path scratch/${kind};`,
  );
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const configuration = `${user}
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; ${paths.join(" ")} ${servers} }
`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const nginx = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-g", "daemon off;"], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await once(nginx, "spawn");
  return {
    async stop() {
      const ended = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
