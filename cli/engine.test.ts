import { specialSigKey } from "@pulumi/pulumi/runtime";
import { expect, it } from "vitest";
import { isWithoutEffect, refusalOf } from "./engine";

const TYPE = "kubernetes:apps/v1:Deployment";

/** A Deployment as the engine tells of it, with what the API server writes besides. */
const object = (image: string, annotations: Readonly<Record<string, string>> = {}, resourceVersion = "1") => ({
  metadata: {
    name: "page-server",
    labels: { app: "x" },
    annotations,
    resourceVersion,
    managedFields: [resourceVersion],
  },
  spec: { replicas: 2, image },
  status: { replicas: Number(resourceVersion) },
});

const update = (was: object, would: object, declared: object = object("nginx")) => ({
  op: "update" as const,
  type: TYPE,
  old: { inputs: declared, outputs: was } as never,
  new: { inputs: declared, outputs: would } as never,
});

/** An annotation that was declared, and no longer is. */
function removed() {
  const metadata = update(object("a", { ours: "1" }), object("a"), object("a"));
  return { ...metadata, old: { inputs: object("a", { ours: "1" }), outputs: object("a", { ours: "1" }) } as never };
}

it.each([
  [
    true,
    "gets its image back from the cluster each time",
    update(object("mirror/nginx"), object("mirror/nginx", {}, "2")),
  ],
  [
    true,
    "has its revisions counted by a controller",
    update(object("a", { revision: "1" }), object("a", { revision: "2" })),
  ],
  [false, "has another image now", update(object("edited"), object("nginx"))],
  [
    false,
    "has another annotation of ours",
    update(object("a", { ours: "1" }), object("a", { ours: "2" }), object("nginx", { ours: "2" })),
  ],
  [false, "loses an annotation of ours", removed()],
  [
    false,
    "has a secret, which the engine hides",
    update(
      object("a", { [specialSigKey]: "x" }),
      object("a", { [specialSigKey]: "x" }),
      object("a", { [specialSigKey]: "x" }),
    ),
  ],
  [false, "was not previewed by a dry run", update(object("mirror/nginx"), {})],
])("is without effect: %s, where the object %s", (expected, _, metadata) => {
  expect(isWithoutEffect(metadata)).toBe(expected);
});

it("is never without effect to create, delete or replace, or to write to the bucket", () => {
  const same = update(object("a"), object("a"));
  for (const op of ["create", "delete", "replace"] as const) expect(isWithoutEffect({ ...same, op })).toBe(false);
  expect(isWithoutEffect({ ...same, type: "aws:s3/bucketObjectv2:BucketObjectv2" })).toBe(false);
});

it.each([
  ["error: the stack is currently locked by 1 lock(s)", "pulumi cancel --stack east"],
  ["error: configured Kubernetes cluster is unreachable: unreachable cluster", "npx maintenance status --stack east"],
  ["error: resource x cannot be replaced because it is protected", "pulumi config set protect false --stack east"],
  ["error: resource x cannot be replaced because it is protected", "pulumi up --stack east"],
])("after %j the proposed command is for the same stack, and not for the selected one: %s", (output, expected) => {
  expect(refusalOf(output, "east").message).toContain(`\`${expected}\``);
});
