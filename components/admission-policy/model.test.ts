import { expect, it } from "vitest";
import type { Reservation } from "../edges/reservation";
import { policyManifests } from "./model";

// No library in node_modules evaluates CEL, so this compares the text. What the expressions do, only a cluster can show.

const hosts: Reservation = {
  name: "ingress-hosts",
  group: "networking.k8s.io",
  version: "v1",
  resource: "ingresses",
  expression: "object.isReserved",
  what: "every host that ends with .pages.invalid",
  why: "a canary Ingress with it gets visitors",
};

it("refuses a reserved object of an account without rights in the page server's namespace, and nothing if it fails", () => {
  const metadata = {
    name: "reserved-ingress-hosts.pages",
    labels: {
      "app.kubernetes.io/name": "maintenance-admission",
      "app.kubernetes.io/part-of": "maintenance-pages",
      "app.kubernetes.io/managed-by": "pulumi",
    },
    annotations: { "pulumi.com/patchForce": "true" },
  };
  expect(policyManifests([hosts], "pages")).toStrictEqual([
    {
      name: "ingress-hosts",
      policy: {
        metadata,
        spec: {
          failurePolicy: "Ignore",
          matchConstraints: {
            namespaceSelector: {
              matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["pages"] }],
            },
            resourceRules: [
              {
                apiGroups: ["networking.k8s.io"],
                apiVersions: ["v1"],
                resources: ["ingresses"],
                operations: ["CREATE", "UPDATE"],
              },
            ],
          },
          variables: [
            { name: "annotations", expression: "object.metadata.?annotations.orValue({})" },
            { name: "annotationsBefore", expression: "oldObject.metadata.?annotations.orValue({})" },
            {
              name: "isUnchanged",
              expression:
                "oldObject != null && object.?spec == oldObject.?spec && " +
                'variables.annotations.all(name, name == "kubectl.kubernetes.io/last-applied-configuration" || ' +
                "variables.annotationsBefore[?name] == variables.annotations[?name]) && " +
                'variables.annotationsBefore.all(name, name == "kubectl.kubernetes.io/last-applied-configuration" || ' +
                "name in variables.annotations)",
            },
            {
              name: "isOurs",
              expression:
                'authorizer.group("networking.k8s.io").resource("ingresses").namespace("pages").check("create").allowed()',
            },
          ],
          validations: [
            {
              expression: "!(object.isReserved) || variables.isUnchanged || variables.isOurs",
              message:
                "maintenance-pages reserves every host that ends with .pages.invalid: a canary Ingress with it gets visitors. Choose another, " +
                "or ask the people who run maintenance-pages in this cluster: only accounts that may create ingresses in the namespace pages may use it.",
              reason: "Forbidden",
            },
          ],
        },
      },
      binding: { metadata, spec: { policyName: "reserved-ingress-hosts.pages", validationActions: ["Deny"] } },
    },
  ]);
});

it("is one policy for each reservation, however many edges have it", () => {
  const paths = { ...hosts, name: "ingress-paths" };
  expect(policyManifests([hosts, paths, hosts], "pages").map(({ name }) => name)).toStrictEqual([
    "ingress-hosts",
    "ingress-paths",
  ]);
});

it("has other names in another stack of the cluster", () => {
  const names = ["pages", "others"].flatMap((namespace) =>
    policyManifests([hosts], namespace).map(({ policy }) => policy.metadata.name),
  );
  expect(names).toStrictEqual(["reserved-ingress-hosts.pages", "reserved-ingress-hosts.others"]);
});
