import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { BROWSER, Caddy, freePort } from "../local/caddy";
import { ensureCaddy } from "../local/tools";
import { TUTOR_RELEASES, TutorProject } from "../local/tutor";
import { type Candidate, compare } from "./compare";
import { startNginx } from "./nginx";

// What the plugin costs healthy traffic: the Caddyfile that Tutor renders with it against the one that it renders without
// it, both run by the real Caddy, in front of one nginx that answers with a page of 20 kB.

const HOST = "acme.example.org";

const CLIENTS = {
  "a person who navigates": BROWSER,
  "an API client": { accept: "application/json" },
};

async function main(): Promise<void> {
  const port = await freePort();
  const page = "x".repeat(20_000);
  // A parameter of nginx's has 4 kB at most, so the page is put together.
  const pieces = page.match(/.{1,2000}/g) ?? [];
  const sets = pieces.map((piece, index) => `set $p${index} ${piece};`).join(" ");
  const body = pieces.map((_, index) => `$p${index}`).join("");
  const origin = await startNginx(
    `server { listen 127.0.0.1:${port}; default_type text/html; ${sets} location / { return 200 "${body}"; } }`,
  );
  const table = new Table({
    head: ["Tutor", "Caddy", "client", "with", "p99", "without", "p99", "ratio"],
    style: { head: [], border: [] },
  });
  try {
    for (const { tutor, caddy } of TUTOR_RELEASES) {
      const folder = mkdtempSync(join(tmpdir(), "bench-tutor-"));
      const project = await TutorProject.create(folder, tutor);
      const program = await ensureCaddy(caddy, (line) => console.error(line));
      const start = async () => {
        const started = new Caddy(program, await freePort());
        started.write(project.caddyfile(), { "lms:8000": `127.0.0.1:${port}` });
        await started.start();
        return started;
      };
      await project.save({ LMS_HOST: HOST, ENABLE_HTTPS: "false", ENABLE_WEB_PROXY: "false" });
      const without = await start();
      const second = await start();
      await project.type("plugins", "enable", "maintenance-pages");
      await project.save({
        MAINTENANCE_PAGES_URL: "http://127.0.0.1:9/pages",
        MAINTENANCE_PAGES_PORT: String(await freePort()),
      });
      const withPlugin = await start();
      const candidate = (of: Caddy, headers: Candidate["headers"]) => ({
        url: `http://127.0.0.1:${of.port}/courses`,
        headers: { ...headers, host: HOST },
      });
      const row = async (what: string, ours: Candidate, alternative: Candidate) => {
        const measured = await compare(ours, alternative, 200);
        table.push([
          tutor,
          caddy,
          what,
          ...[measured.ours, measured.alternative].flatMap(({ requestsPerSecond, p99 }) => [
            `${Math.round(requestsPerSecond)}/s`,
            `${p99} ms`,
          ]),
          (measured.ours.requestsPerSecond / measured.alternative.requestsPerSecond).toFixed(3),
        ]);
      };
      try {
        for (const [client, headers] of Object.entries(CLIENTS)) {
          await row(client, candidate(withPlugin, headers), candidate(without, headers));
        }
        // The same twice tells how much of a ratio is chance.
        await row("control: without, and without", candidate(second, BROWSER), candidate(without, BROWSER));
      } finally {
        await without.stop();
        await second.stop();
        await withPlugin.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  } finally {
    await origin.stop();
  }
  console.log(table.toString());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
