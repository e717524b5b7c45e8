import { expect, it } from "vitest";
import { statusText } from "./report";
import type { InstanceStatus } from "./status";

const STATUS: InstanceStatus = {
  name: "acme",
  declared: "active",
  kind: "unscheduled",
  from: undefined,
  until: undefined,
  message: undefined,
  bypass: false,
  endsAutomatically: false,
  since: undefined,
  hosts: [],
  drift: ["IngressRoute acme/x\u001b[2K\nok  beta"],
  remedy: [],
  attention: ["drifted"],
};

it("shows control characters of others' objects, and lets none of their lines look like a row", () => {
  const status = { instances: [STATUS], obstacles: [], notes: [], unreachable: "exec: \u001b[2K\nok  acme" };
  const text = statusText(status, "UTC", new Date("2026-12-02T20:00:00Z"));
  expect(text).toContain("IngressRoute acme/x\\u001b[2K");
  expect(text).toContain("read: exec: \\u001b[2K ok  acme");
  expect(text).not.toMatch(/[^\n\P{Cc}]/u);
  expect(text).not.toMatch(/^ok/m);
});
