import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runProgram } from "./program";

it("a run that is restricted to other resources keeps the output of what is in maintenance", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recorded-"));
  const recorded = [{ instance: "acme", state: "planned", hosts: ["acme.example.org"] }];
  try {
    writeFileSync(join(folder, "outputs.json"), JSON.stringify({ maintenance: recorded }));
    process.env.MAINTENANCE_PAGES_RECORDED = join(folder, "outputs.json");
    const run = await runProgram("staging", { maintenance: [] });
    expect(run.outputs.maintenance).toStrictEqual(recorded);
  } finally {
    delete process.env.MAINTENANCE_PAGES_RECORDED;
    rmSync(folder, { recursive: true });
  }
});
