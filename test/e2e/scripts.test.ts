import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PROJECT } from "../../cli/project";
import { runCommand, tryCommand } from "../../lab/cluster/commands";

// The scripts of ci/ that need no cluster; the others run in command.test.ts.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scripts-"));
  cpSync(join(PROJECT, "ci"), join(folder, "ci"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};

// Stand-ins that leave a file: a script that does anything without its arguments is seen.
it.each<[string, readonly string[], string]>([
  ["check.sh", [], "STACK, such as ci/check.sh production"],
  ["due.sh", [], "STACK, such as ci/due.sh production"],
  ["preview.sh", [], "STACK, such as ci/preview.sh production"],
  ["up.sh", [], "STACK, such as ci/up.sh production"],
  // As a pipeline calls it whose variable is not set.
  ["up.sh", [""], "STACK, such as ci/up.sh production"],
  ["stacks.sh", ['["staging"]'], `STACKS BASE, such as ci/stacks.sh '["staging","production"]' HEAD~1`],
  ["comment.sh", ["acme/pages", "7"], "OWNER/REPOSITORY NUMBER FILE, such as ci/comment.sh acme/pages 7 comment.md"],
])("ci/%s with the arguments %j says which it needs, and does nothing", async (script, args, usage) => {
  for (const program of ["node", "pulumi", "git", "gh"]) {
    write(`bin/${program}`, `#!/bin/sh\ntouch "${join(folder, "called")}"\n`);
    chmodSync(join(folder, "bin", program), 0o755);
  }
  const { code, stdout, output } = await tryCommand(`ci/${script}`, args, {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
  });
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(output).toMatch(/^Refused: .* nothing was done\. Usage: [^\n]*\n$/);
  expect(output).toContain(`Usage: ci/${script} ${usage}\n`);
  expect(existsSync(join(folder, "called"))).toBe(false);
});

it("ci/up.sh records nothing as in maintenance before it is, and notifies of a run that fails early", async () => {
  const asked = join(folder, "asked");
  write(
    "bin/pulumi",
    `#!/bin/sh
echo "pulumi $1 $2 \${MAINTENANCE_PAGES_RECORDED:+keeps $(cat "$MAINTENANCE_PAGES_RECORDED")}" >> "${asked}"
case "$1" in
  refresh) echo "error: no such context" >&2; exit 3 ;;
  stack) echo '{"maintenance":[]}' ;;
esac
`,
  );
  write("bin/node", `#!/bin/sh\necho "$2" "$5" >> "${asked}"\n`);
  for (const program of ["node", "pulumi"]) chmodSync(join(folder, "bin", program), 0o755);
  const { code, output } = await tryCommand("ci/up.sh", ["staging"], {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
  });
  expect(code).toBe(3);
  expect(output).toContain("error: no such context");
  expect(
    readFileSync(asked, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.trim()),
  ).toStrictEqual([
    "rights",
    "elsewhere",
    "pulumi refresh --yes",
    "notify --remember",
    "pulumi stack output",
    'pulumi up --yes keeps {"maintenance":[]}',
    "pulumi refresh --yes",
    "notify --since",
  ]);
});

describe("ci/stacks.sh", () => {
  const git = (...args: readonly string[]) =>
    runCommand("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...args], { cwd: folder });

  beforeEach(async () => {
    for (const stack of ["staging", "production"]) write(`Pulumi.${stack}.yaml`, "config: {}\n");
    await git("init", "--quiet");
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "Base");
  });

  it.each<[readonly string[], readonly string[]]>([
    [["Pulumi.staging.yaml"], ["staging"]],
    [
      ["Pulumi.staging.yaml", "Pulumi.production.yaml", "docs/ci.md"],
      ["staging", "production"],
    ],
    [["docs/ci.md", "README.md", "test/e2e/x.test.ts"], []],
    [["pages/blocks.ts"], ["staging", "production"]],
    [
      ["Pulumi.staging.yaml", "index.ts"],
      ["staging", "production"],
    ],
    // The file of a stack that there is no longer, or that this is not.
    [["Pulumi.other.yaml"], []],
  ])("a change of %j is about %j", async (files, stacks) => {
    for (const file of files) write(file, "changed: true\n");
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "Change");
    const output = await runCommand("ci/stacks.sh", ['["staging","production"]', "HEAD~1"], { cwd: folder });
    expect(JSON.parse(output)).toStrictEqual(stacks);
  });
});

describe("ci/comment.sh, with a stand-in for gh that says what it was asked for", () => {
  const comment = async (known: string) => {
    write("comment.md", "<!-- maintenance-pages: staging -->\n### Preview\n");
    write(
      "bin/gh",
      `#!/bin/sh\nprintf '%s\\n' "$*" >> "${join(folder, "asked")}"\ncase "$*" in *--paginate*) printf '%s' "${known}";; esac\n`,
    );
    chmodSync(join(folder, "bin/gh"), 0o755);
    await runCommand("ci/comment.sh", ["acme/pages", "7", "comment.md"], {
      cwd: folder,
      env: { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
    });
    const [list = "", send = ""] = readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
    expect(list).toContain(
      'repos/acme/pages/issues/7/comments --jq .[] | select(.body | startswith("<!-- maintenance-pages: staging -->"))',
    );
    return send;
  };

  it("writes a comment", async () => {
    expect(await comment("")).toBe("api --method POST repos/acme/pages/issues/7/comments --field body=@comment.md");
  });

  it("writes the one that is there anew", async () => {
    expect(await comment("42\n43\n")).toBe(
      "api --method PATCH repos/acme/pages/issues/comments/42 --field body=@comment.md",
    );
  });
});
