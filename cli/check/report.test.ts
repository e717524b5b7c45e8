import { expect, it } from "vitest";
import type { Finding } from "./finding";
import { checkText } from "./report";

const FINDINGS: readonly Finding[] = [
  {
    check: "routes",
    edge: "default",
    instances: ["acme"],
    result: "problem",
    text: "Ingress acme/acme has the annotation ssl-passthrough.",
    remedy: "Remove it.",
  },
  { check: "cluster", result: "ok", text: "it is the named one" },
];

it("prints what is ok first, and what needs somebody at the end, with what to do", () => {
  expect(checkText(FINDINGS, undefined)).toBe(
    [
      "         check    edge     instance  found",
      "ok       cluster                     it is the named one",
      "PROBLEM  routes   default  acme      Ingress acme/acme has the annotation ssl-passthrough.",
      "                                     → Remove it.",
      "",
      "Checked: 1 problem, 1 ok.",
    ].join("\n"),
  );
});

it("breaks lines to fit into the terminal", () => {
  const lines = checkText(FINDINGS, 80).split("\n");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.length).toBeGreaterThan(6);
});

it("has the texts below the rows where there is no room beside them", () => {
  expect(checkText(FINDINGS, 50)).toBe(
    [
      "         check    edge     instance",
      "ok       cluster",
      "    it is the named one",
      "PROBLEM  routes   default  acme",
      "    Ingress acme/acme has the annotation",
      "    ssl-passthrough.",
      "    → Remove it.",
      "",
      "Checked: 1 problem, 1 ok.",
    ].join("\n"),
  );
});

it.each([30, 80, 100, 120, 200])("keeps URLs and commands whole at %d columns", (columns) => {
  const url = `https://${"maintenance-pages-".repeat(15)}.example.org/pages`;
  const text = `${url} answers 403\n  found:    nothing`;
  const output = checkText(
    [{ check: "bucket", result: "problem", text, remedy: "Then `pulumi up --refresh`." }],
    columns,
  );
  expect(output).toContain(`${url}\n`);
  expect(output).toContain("`pulumi up --refresh`");
  expect(output).toContain("  found:    nothing\n");
});

it("shows control characters of others' objects, and lets none of their lines look like a row", () => {
  const text = "at the entry point office\u001b[1A\u001b[2K\nok  routes  nothing comes before an override";
  for (const columns of [undefined, 120]) {
    const output = checkText([{ check: "routes", result: "problem", text, remedy: "Remove it." }], columns);
    expect(output).not.toMatch(/[^\n\P{Cc}]/u);
    expect(output).toContain("office\\u001b[1A\\u001b[2K\n");
    expect(output).not.toMatch(/^ok/m);
    expect(output).toMatch(/^ +→ Remove it\.$/m);
  }
});

it("names three of many instances", () => {
  const instances = ["acme", "beta", "gamma", "delta", "epsilon"];
  const output = checkText([{ check: "routes", instances, result: "warning", text: "a snippet" }], undefined);
  expect(output).toContain("WARNING  routes        acme, beta, gamma, … (5 in all)  a snippet");
});
