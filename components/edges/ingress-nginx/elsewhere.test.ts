import { describe, expect, it } from "vitest";
import { hazardsElsewhere } from "./elsewhere";
import { ingressClassSchema, ingressSchema } from "./objects";

const classes = [
  ["nginx", "k8s.io/ingress-nginx"],
  ["public", "k8s.io/ingress-nginx"],
  ["internal", "k8s.io/internal-ingress-nginx"],
  ["f5", "nginx.org/ingress-controller"],
].map(([name, controller]) => ingressClassSchema.parse({ metadata: { name }, spec: { controller } }));

const ingressOf = (className: string, host: string, annotations = {}) =>
  ingressSchema.parse({
    metadata: { namespace: "acme", name: "web", annotations },
    spec: { ingressClassName: className, rules: [{ host }] },
  });

const acme = { name: "acme", hosts: ["acme.example.org", "*.acme.example.org"], otherHosts: ["shop.acme.example.org"] };

/** What is said of one Ingress at an edge. */
const said = (
  ingress: ReturnType<typeof ingressOf>,
  {
    edges,
    edge = "default",
    all = [["default", "nginx"]] as readonly (readonly [string, string])[],
  }: {
    readonly edges?: readonly string[];
    readonly edge?: string;
    readonly all?: readonly (readonly [string, string])[];
  } = {},
) =>
  hazardsElsewhere(
    { ingresses: [ingress], classes, classNameByEdge: new Map(all) },
    { edge, namespace: "pages" },
  )({ ...acme, edges });

describe("an Ingress of an ingress-nginx that no edge stands for", () => {
  it("leaves the site open", () => {
    expect(said(ingressOf("internal", "acme.example.org"))).toStrictEqual([
      {
        what: "open",
        text: "Ingress acme/web has acme.example.org at the class internal, which no edge of acme has: visitors there would get the instance.",
        remedy:
          "Add an edge with that class (docs/guide.md), and to instances.*.edges if the instance has such a list; or delete that Ingress.",
      },
    ]);
    expect(said(ingressOf("internal", "studio.acme.example.org"))).toHaveLength(1);
    expect(said(ingressOf("internal", "*.example.org"))).toHaveLength(1);
  });

  it("is one whose edge the instance does not list, and that is said once", () => {
    const all = [
      ["default", "nginx"],
      ["office", "internal"],
    ] as const;
    const ingress = ingressOf("internal", "acme.example.org");
    expect(said(ingress, { all })).toStrictEqual([]);
    expect(said(ingress, { all, edges: ["default"] })).toHaveLength(1);
    expect(said(ingress, { all, edges: ["default"], edge: "office" })).toStrictEqual([]);
  });
});

it("nothing is said of others", () => {
  expect(said(ingressOf("internal", "beta.example.org"))).toStrictEqual([]);
  expect(said(ingressOf("internal", "shop.acme.example.org"))).toStrictEqual([]);
  // The same controller, another product, and a class that the cluster does not have.
  for (const className of ["public", "f5", "gone"])
    expect(said(ingressOf(className, "acme.example.org"))).toStrictEqual([]);
  expect(
    said(ingressOf("internal", "acme.example.org", { "nginx.ingress.kubernetes.io/canary": "true" })),
  ).toStrictEqual([]);
});
