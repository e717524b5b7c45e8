import { describe, expect, it } from "vitest";
import type { RoutedHost } from "../../components/edges/edge";
import type { Instance } from "../../model/instances";
import { type MaintenanceEntry, plainEntry } from "../../model/maintenance";
import { registryFindings } from "./registry";

const acme: Instance = {
  name: "acme",
  hosts: ["acme.example.org", "studio.acme.example.org", "preview.acme.example.org"],
  assumedHosts: ["preview.acme.example.org"],
};
const beta: Instance = { name: "beta", hosts: ["*.beta.example.org"], service: { namespace: "beta-production" } };

const route = (host: string, namespace: string, object = `Ingress ${namespace}/${namespace}`): RoutedHost => ({
  host,
  namespace,
  object,
});
const acmes = [route("acme.example.org", "acme"), route("studio.acme.example.org", "acme")];
const betas = [route("shop.beta.example.org", "beta-production")];

/** The findings of these edges, with their routes, by name. */
const found = (
  edges: Readonly<Record<string, readonly RoutedHost[]>>,
  instances: readonly Instance[] = [acme, beta],
  maintenance: readonly MaintenanceEntry[] = [],
) =>
  registryFindings(
    Object.entries(edges).map(([name, routedHosts]) => ({ edge: { name }, routedHosts })),
    instances,
    maintenance,
  );
const texts = async (...given: Parameters<typeof found>) => (await found(...given)).map(({ text }) => text);
const OK = "every host with a route is of an instance, and every host of an instance has a route";

it("says that it is ok, with wildcards and without assumed hosts", async () => {
  expect(await texts({ default: [...acmes, ...betas] })).toStrictEqual([OK]);
  expect(
    await texts({ default: [route("*.example.org", "acme"), route("a.beta.example.org", "beta-production")] }),
  ).toStrictEqual([
    "in the namespace of acme, and owned by no instance: *.example.org (Ingress acme/acme). It would stay open during the maintenance of acme",
  ]);
});

describe("a host that no instance owns", () => {
  it("in an instance's namespace is named with the instance", async () => {
    const [finding, ...others] = await found({
      default: [...acmes, ...betas, route("forum.example.org", "beta-production", "Ingress beta-production/forum")],
    });
    expect(finding).toStrictEqual({
      check: "registry",
      edge: "default",
      instances: ["beta"],
      result: "warning",
      text: "in the namespace of beta, and owned by no instance: forum.example.org (Ingress beta-production/forum). It would stay open during the maintenance of beta",
      remedy:
        "Add it to the hosts of beta (instances.beta.hosts, or MAINTENANCE_PAGES_EXTRA_HOSTS in its config.yml), if visitors of beta use it.",
    });
    expect(others).toStrictEqual([]);
  });

  it("anywhere else is named once for each edge, and may be fine", async () => {
    const grafana = route("grafana.example.org", "monitoring");
    const all = [...acmes, ...betas, grafana, { ...grafana, object: "Ingress monitoring/other" }];
    expect(await texts({ old: all, new: [...all, route("x.example.net", "x")] })).toStrictEqual([
      "no instance owns: grafana.example.org (Ingress monitoring/monitoring)",
      "no instance owns: grafana.example.org (Ingress monitoring/monitoring), x.example.net (Ingress x/x)",
    ]);
  });

  it("is no instance's at an edge that the instance is not behind", async () => {
    const edges = { old: [...acmes, route("intern.example.org", "acme")], new: acmes };
    expect(await texts(edges, [{ ...acme, edges: ["new"] }])).toStrictEqual([
      "no instance owns: intern.example.org (Ingress acme/acme)",
    ]);
  });
});

describe("a host without a route", () => {
  const [first, second] = acmes as [RoutedHost, RoutedHost];

  it("is named with the edges that should have one", async () => {
    expect(await found({ old: [first], new: [first] }, [acme])).toStrictEqual([
      {
        check: "registry",
        instances: ["acme"],
        result: "warning",
        text: "no route leads to studio.acme.example.org, at old, new",
        remedy:
          "Remove from the hosts of acme what is none. Of the others, look for the Ingress, IngressRoute or HTTPRoute.",
      },
    ]);
  });

  it("is not named if another edge has one, for requests show that", async () => {
    expect(await texts({ old: [first, second], new: [first] }, [acme])).toStrictEqual([OK]);
  });

  it("is not named if an edge's routes are not known", async () => {
    expect(await texts({ old: [first], new: [] }, [acme])).toStrictEqual([
      "every host with a route is of an instance, at old",
    ]);
    expect(await texts({ old: [], new: [] }, [acme])).toStrictEqual([]);
  });

  it("is not named while the instance is provisioned or in maintenance", async () => {
    expect(await texts({ old: [first] }, [acme], [plainEntry(acme, "provisioning")])).toStrictEqual([OK]);
    const planned: MaintenanceEntry = { ...plainEntry(acme, "scheduled"), state: "planned" };
    expect(await texts({ old: [first] }, [acme], [planned])).not.toStrictEqual([OK]);
  });
});
