import { expect, it } from "vitest";
import { edgesOf } from "../../components/edges";
import { edgesSchema } from "../../components/edges/settings";
import type { PlannedChange } from "../engine";
import { CommandError } from "../errors";
import { programFindings } from "./program";

const edges = edgesOf(edgesSchema.parse(undefined));
const change = (operation: string, type: string, name: string): PlannedChange => ({
  operation,
  type,
  name,
  urn: `urn:pulumi:test::maintenance-pages::${type}::${name}`,
});
const foundWith = async (preview: () => Promise<readonly PlannedChange[]>) =>
  (await programFindings({ preview }, ["acme"], edges)).map(({ result, text }) => `${result}: ${text}`);

it("is fine if nothing would change, or only an override that is due", async () => {
  expect(await foundWith(async () => [])).toStrictEqual(["ok: nothing would change"]);
  const due = change("create", "kubernetes:networking.k8s.io/v1:Ingress", "maintenance-acme");
  expect(await foundWith(async () => [due])).toStrictEqual(["ok: pending: create Ingress maintenance-acme"]);
});

it("warns of changes that `enable` would refuse", async () => {
  const pending = change("update", "kubernetes:apps/v1:Deployment", "page-server");
  expect(await foundWith(async () => [pending])).toStrictEqual([
    "warning: changes are pending that are no maintenance: update Deployment page-server. `enable` refuses as long as they are",
  ]);
});

it("is a problem if the preview fails, and says why", async () => {
  const failing = async () => {
    throw new CommandError("the passphrase is wrong");
  };
  expect(await foundWith(failing)).toStrictEqual(["problem: the passphrase is wrong"]);
});
