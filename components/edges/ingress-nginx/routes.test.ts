import { expect, it } from "vitest";
import { plainOverrideManifest } from "./manifests";
import { ingressSchema } from "./objects";
import { redirectedHostsOf, routedHostsIn } from "./routes";

const PREFIX = "nginx.ingress.kubernetes.io";
const ingress = (
  name: string,
  hosts: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
  spec: object = { ingressClassName: "nginx" },
) =>
  ingressSchema.parse({
    metadata: { name, namespace: "acme", annotations },
    spec: {
      ...spec,
      rules: [...hosts.map((host) => ({ host, http: { paths: [{ path: "/" }] } })), { http: { paths: [] } }],
    },
  });

it("the hosts of others, with their aliases", () => {
  const placement = { edge: "default", namespace: "pages", ingressClassName: "nginx" };
  const beta = { name: "beta", hosts: ["beta.example.org"], otherHosts: [] };
  const ingresses = [
    ingress("web", ["acme.example.org", "*.acme.example.org", "acme.example.org"], {
      [`${PREFIX}/server-alias`]: "WWW.acme.example.org, ~^a\\d+\\.example\\.org$,,acme.example.org",
    }),
    ingress("canary", ["canary.example.org"], { [`${PREFIX}/canary`]: "true" }),
    ingress("other", ["other.example.org"], {}, { ingressClassName: "traefik" }),
    ingress("classless", ["classless.example.org"], {}, {}),
    ingressSchema.parse(plainOverrideManifest(beta, placement)),
  ];
  const routed = (withoutClass: boolean | undefined) =>
    routedHostsIn(ingresses, "pages", { classNames: ["nginx"], annotations: [], withoutClass }).map(
      ({ host, object, namespace }) => [host, object, namespace],
    );
  const web = ["acme.example.org", "*.acme.example.org", "www.acme.example.org"];
  const expected = web.map((host) => [host, "Ingress acme/web", "acme"]);
  expect(routed(undefined)).toStrictEqual(expected);
  expect(routed(true)).toStrictEqual([...expected, ["classless.example.org", "Ingress acme/classless", "acme"]]);
});

it("the hosts that redirect to others", () => {
  const annotations = { [`${PREFIX}/from-to-www-redirect`]: "true" };
  expect(redirectedHostsOf(ingress("web", ["acme.example.org", "www.beta.example.org"], annotations))).toStrictEqual([
    "www.acme.example.org",
    "beta.example.org",
  ]);
  expect(redirectedHostsOf(ingress("web", ["acme.example.org"]))).toStrictEqual([]);
});
