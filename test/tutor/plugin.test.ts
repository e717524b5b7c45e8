import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TUTOR_RELEASES, TutorProject } from "../../lab/tutor/tutor";

// The plugin as somebody installs it: with pip, into an environment that has nothing but Tutor.

const SETTINGS = { LMS_HOST: "acme.example.org", CMS_HOST: "studio.acme.example.org" };

describe.each(TUTOR_RELEASES)("Tutor $tutor", ({ tutor }) => {
  const folder = mkdtempSync(join(tmpdir(), "tutor-"));
  let project: TutorProject;
  let before: string;

  beforeAll(async () => {
    project = await TutorProject.create(folder, tutor);
    await project.save(SETTINGS);
    before = project.caddyfile();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is listed, enabled and saved without a warning", async () => {
    expect((await project.type("plugins", "list")).output).toMatch(/^maintenance-pages\s+installed\s+0\.1\.0$/m);
    const enabled = await project.type("plugins", "enable", "maintenance-pages");
    expect(enabled.output).toBe(
      "Plugin maintenance-pages enabled\nConfiguration saved to " +
        `${join(folder, "root", "config.yml")}\nEnvironment generated in ${join(folder, "root", "env")}\n`,
    );
    const saved = await project.type(
      "config",
      "save",
      "--set",
      "MAINTENANCE_PAGES_URL=https://pages.example.org/pages",
    );
    expect(saved).toStrictEqual({
      code: 0,
      output: `Configuration saved to ${join(folder, "root", "config.yml")}\nEnvironment generated in ${join(folder, "root", "env")}\n`,
    });
    expect(project.caddyfile()).not.toBe(before);
  });

  it.each([
    ["URL", "pages.example.org", /found: +"pages.example.org"\n +allowed: +an http\(s\) URL without query/],
    ["URL", "https://pages.example.org/pages/", /nearest: +https:\/\/pages\.example\.org\/pages\n/],
    ["URL", "https://pages.example.org/?a=b", /nearest: +https:\/\/pages\.example\.org\n/],
    ["URL", '"https://pages.example.org\\n}\\nrespond secret"', /an http\(s\) URL without query/],
    ["URL", "https://pages.example.org/{env.HOME}", /an http\(s\) URL without query/],
    ["INSTANCE", "Acme Campus", /allowed: +a name of lower-case letters[\s\S]*nearest: +acme-campus\n/],
    ["LANGUAGE", "english", /a language, such as en or pt-BR/],
    ["STATUSES", "500", /a list of statuses from 500 to 599/],
    ["STATUSES", "[404]", /a list of statuses from 500 to 599/],
    ["STATUSES", "[]", /a list of statuses from 500 to 599/],
    ["EXCLUDED_PATHS", "/api/*", /a list of paths/],
    ["EXCLUDED_PATHS", '["/a b"]', /a list of paths/],
    ["EXCLUDED_PATHS", '["/a}"]', /a list of paths/],
    ["RETRY_AFTER", "0", /whole number \(seconds\) from 1 to 86400\n +nearest: +1\n/],
    ["UPSTREAM_TIMEOUT", "soon", /found: +"soon"\n +allowed: +a whole number \(seconds\)/],
    ["PORT", "80", /a whole number \(port\) from 1024 to 65535\n +nearest: +1024\n/],
    [
      "URI",
      "x",
      /MAINTENANCE_PAGES_URI\n +found: +"x"\n +allowed: +a setting: URL, [\s\S]*nearest: +MAINTENANCE_PAGES_URL\n/,
    ],
  ])("refuses MAINTENANCE_PAGES_%s=%s, and can be told better", async (name, value, message) => {
    const caddyfile = project.caddyfile();
    const key = `MAINTENANCE_PAGES_${name}`;
    const refused = await project.type("config", "save", "--set", `${key}=${value}`);
    expect(refused.output).toMatch(message);
    expect(refused.output).toContain(`  ${key}\n`);
    expect(refused.output).not.toMatch(/Traceback/);
    expect(refused.code).not.toBe(0);
    expect(project.caddyfile()).toBe(caddyfile);
    const mended = await project.type("config", "save", "--unset", key);
    expect(mended.code, mended.output).toBe(0);
  });

  it("leaves the setting of the instances' directory alone", async () => {
    const args = ["--set", 'MAINTENANCE_PAGES_EXTRA_HOSTS=["shop.example.org"]'];
    expect((await project.type("config", "save", ...args)).code).toBe(0);
  });

  it("disabled, leaves the Caddyfile as it was", async () => {
    await project.type("plugins", "disable", "maintenance-pages");
    await project.save({});
    expect(project.caddyfile()).toBe(before);
  });
});
