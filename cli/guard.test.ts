import { expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import { gatewayApiSchema } from "../components/edges/gateway-api/settings";
import { ingressNginxSchema } from "../components/edges/ingress-nginx/settings";
import { type Change, describeChanges, partition } from "./guard";

const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";
const SERVICE = "kubernetes:core/v1:Service";
const OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2";
const change = (operation: string, type: string, name: string): Change => ({ operation, type, name });

const edges = edgesOf({
  default: ingressNginxSchema.parse({ kind: "ingress-nginx" }),
  old: ingressNginxSchema.parse({ kind: "ingress-nginx", className: "old" }),
  gateway: gatewayApiSchema.parse({ kind: "gateway-api", parentRefs: [{ name: "edge", namespace: "gateways" }] }),
});

it.each<[boolean, Change]>([
  [true, change("create", INGRESS, "maintenance-acme")],
  [true, change("delete", INGRESS, "maintenance-acme")],
  [true, change("create", OBJECT, "pages/instances/acme/0123456789abcdef/scheduled.html")],
  [true, change("create", INGRESS, "bypass-acme")],
  [true, change("delete", SERVICE, "bypass-acme")],
  [true, change("update", OBJECT, "pages/status.json")],
  [true, change("create", INGRESS, "maintenance-acme.old")],
  [true, change("delete", SERVICE, "bypass-acme.old")],
  [true, change("update", HTTP_ROUTE, "maintenance-acme.gateway")],
  [true, change("create", HTTP_ROUTE, "2.maintenance-acme.gateway")],
  [true, change("update", HTTP_ROUTE, "page-server-not-found.gateway")],
  [false, change("update", HTTP_ROUTE, "page-server-self-test.gateway")],
  [false, change("update", HTTP_ROUTE, "maintenance-beta.gateway")],
  [false, change("update", HTTP_ROUTE, "maintenance-acme")],
  [false, change("create", INGRESS, "maintenance-acme.new")],
  [false, change("create", INGRESS, "maintenance-acme-old")],
  [false, change("create", INGRESS, "bypass-beta")],
  [false, change("delete", SERVICE, "maintenance-acme")],
  [false, change("create", INGRESS, "maintenance-acme-2")],
  [false, change("create", INGRESS, "maintenance-beta")],
  [false, change("delete", INGRESS, "page-server-standby")],
  [false, change("update", OBJECT, "pages/shared/scheduled.html")],
  [false, change("update", OBJECT, "pages/instances/acme/50x.en.html")],
  [false, change("update", OBJECT, "pages/instances/acme/assets/logo.svg")],
  [false, change("create", OBJECT, "pages/instances/beta/0123456789abcdef/scheduled.html")],
  [false, change("update", "kubernetes:apps/v1:Deployment", "page-server-deployment")],
  [false, change("update", "kubernetes:helm.sh/v3:Release", "maintenance-acme")],
  [true, change("update", "pulumi:providers:kubernetes", "cluster")],
  [false, change("replace", "pulumi:providers:kubernetes", "cluster")],
])("%s: to %o belongs to enabling and disabling acme", (isOwn, one) => {
  const { own, others } = partition([one], ["acme"], edges);
  expect([own, others]).toStrictEqual(isOwn ? [[one], []] : [[], [one]]);
});

it("lets through an update without effect, and says so", () => {
  const update = {
    ...change("update", "kubernetes:apps/v1:Deployment", "page-server-deployment"),
    isWithoutEffect: true,
  };
  expect(partition([update], ["acme"], edges)).toStrictEqual({ own: [update], others: [] });
  expect(describeChanges([update])).toStrictEqual([
    "update Deployment page-server-deployment (without effect: the cluster changes what is written)",
  ]);
});

it("counts objects that are alike", () => {
  const objects = ["html", "json"].map((format) => change("create", OBJECT, `pages/shared/50x.${format}`));
  expect(describeChanges([...objects, change("delete", INGRESS, "maintenance-acme")])).toStrictEqual([
    "create objects below pages/shared (2)",
    "delete Ingress maintenance-acme",
  ]);
});
