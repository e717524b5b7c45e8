import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCaddy } from "../lab/tools/tools";
import { BROWSER, Caddy, freePort } from "../lab/tutor/caddy";
import { TUTOR_RELEASES, TutorProject } from "../lab/tutor/tutor";
import { type Candidate, compare } from "./compare";
import { startNginx } from "./nginx";
import { cellsOf, ratio, type Section } from "./section";

const HOST = "acme.example.org";
const PAGE_BYTES = 20_000;

const REQUESTS = {
  "a person who navigates": BROWSER,
  "an API client": { accept: "application/json" },
};

/** What the plugin costs healthy traffic: the Caddyfile that Tutor renders with it against the one without. */
export async function benchTutor(): Promise<Section> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "bench-tutor-"));
  const origin = await startNginx(originServer(port));
  const rows: (readonly string[])[] = [];
  try {
    for (const { tutor, caddy: release } of TUTOR_RELEASES) {
      const project = await TutorProject.create(join(folder, tutor), tutor);
      const program = await ensureCaddy(release, console.error);
      const running: Caddy[] = [];
      const start = async () => {
        const started = new Caddy(program, await freePort());
        started.write(project.caddyfile(), { "lms:8000": `127.0.0.1:${port}` });
        await started.start();
        running.push(started);
        return started;
      };
      try {
        await project.save({ LMS_HOST: HOST, ENABLE_HTTPS: "false", ENABLE_WEB_PROXY: "false" });
        const without = await start();
        const again = await start();
        await project.type("plugins", "enable", "maintenance-pages");
        await project.save({
          MAINTENANCE_PAGES_URL: "http://127.0.0.1:9/pages",
          MAINTENANCE_PAGES_PORT: String(await freePort()),
        });
        const withPlugin = await start();
        const row = async (what: string, ours: Candidate, alternative: Candidate) => {
          const [first, second] = await compare(ours, alternative);
          if (first === undefined || second === undefined) throw new Error("nothing was measured");
          rows.push([
            `Tutor ${tutor}, Caddy ${release}: ${what}`,
            ...cellsOf(first),
            ...cellsOf(second),
            ratio(first.requestsPerSecond, second.requestsPerSecond),
          ]);
        };
        for (const [name, headers] of Object.entries(REQUESTS)) {
          await row(name, candidate(withPlugin, headers), candidate(without, headers));
        }
        await row("control, without the plugin on both sides", candidate(again, BROWSER), candidate(without, BROWSER));
      } finally {
        for (const caddy of running) await caddy.stop();
      }
    }
  } finally {
    await origin.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    title: "Tutor's Caddy, with the plugin and without it",
    about: `Healthy answers of ${PAGE_BYTES.toLocaleString("en")} bytes through the Caddyfile that Tutor renders, by the Caddy that it runs. The control measures the same twice: as far as its ratio is from 1, the others' may be by chance.`,
    head: ["", "with", "p99", "without", "p99", "ratio"],
    rows,
  };
}

function candidate({ port }: Caddy, headers: Candidate["headers"]): Candidate {
  return { url: `http://127.0.0.1:${port}/courses`, headers: { ...headers, Host: HOST }, status: 200 };
}

/** A page of an nginx's own, put together because one parameter has 4 kB at most. */
function originServer(port: number): string {
  const pieces = "x".repeat(PAGE_BYTES).match(/.{1,2000}/g) ?? [];
  const sets = pieces.map((piece, index) => `set $p${index} ${piece};`).join(" ");
  const body = pieces.map((_, index) => `$p${index}`).join("");
  return `server { listen 127.0.0.1:${port}; default_type text/html; ${sets} location / { return 200 "${body}"; } }`;
}
