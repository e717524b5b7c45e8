import { z } from "zod";
import { choice, dnsLabel, flag, hasLength, section, text } from "../../../model/fields";
import { address } from "../fields";
import { addressRange } from "./address-range";

const entryPoint = () =>
  z.string({ error: ENTRY_POINT }).regex(/^[A-Za-z0-9](?:[-\w]*[A-Za-z0-9])?$/, { error: ENTRY_POINT });

const ENTRY_POINT = "the name of an entry point: letters, digits and inner - and _";
const ENTRY_POINTS = "a list of entry points, such as [web, websecure]";

/** An edge of the kind traefik: Traefik 3.6 or later, with its provider kubernetesCRD. */
export const traefikSchema = section({
  kind: z.literal("traefik", { error: "traefik" }),
  address: address(),
  namespace: dnsLabel("a namespace").default("traefik").describe("Traefik's namespace."),
  hostNetwork: flag()
    .default(false)
    .describe("Whether Traefik's pods use the host's network. Their traffic then comes from node addresses."),
  entryPoints: z
    .array(entryPoint(), { error: ENTRY_POINTS })
    .refine(hasLength(1), { error: "one or more entry points" })
    .default(["web", "websecure"])
    .describe("The entry points at which visitors come in, by their names in Traefik's static configuration."),
  routersWithTls: z
    .array(entryPoint(), { error: ENTRY_POINTS })
    .default([])
    .describe(
      "Those of the entry points that serve HTTPS, but do not have `http.tls` in the static configuration. There each router must have " +
        "`tls` itself. Traefik's Helm chart sets `http.tls` at the entry point websecure.",
    ),
  ingressClass: text("the value of Traefik's option providers.kubernetesCRD.ingressClass")
    .optional()
    .describe(
      "The value of Traefik's option providers.kubernetesCRD.ingressClass. With that option, Traefik reads only the objects that have " +
        "this value in the annotation kubernetes.io/ingress.class.",
    ),
  bypassAddresses: z
    .array(addressRange(), { error: "a list of addresses, such as [203.0.113.0/24]" })
    .default([])
    .describe(
      "The addresses, or ranges of them, from which visitors reach an instance in maintenance without a key, if its maintenance has a " +
        "`bypass`. Traefik compares the address of the connection, or the one that the PROXY protocol names. It must be the visitor's own. " +
        "Behind a proxy that ends HTTP it is the proxy's, and all visitors would be let in, or none. The length of a range is 8 or more, and 16 or " +
        "more for IPv6.",
    ),
}).superRefine(({ entryPoints, routersWithTls }, context) => {
  const known = choice("one of this edge's entryPoints", entryPoints);
  routersWithTls.forEach((name, index) => {
    for (const { message } of known.safeParse(name).error?.issues ?? []) {
      context.addIssue({ code: "custom", path: ["routersWithTls", index], message });
    }
  });
});

export type TraefikSettings = z.output<typeof traefikSchema>;

/** Settings that two edges must not share. Two edges of this kind are two Traefiks, or two groups of entry points of one. */
export function conflictsBetween(
  edges: readonly (readonly [string, TraefikSettings])[],
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  return edges.flatMap(([name, edge], index) =>
    edges
      .slice(0, index)
      .filter(([, other]) => edge.namespace === other.namespace && edge.ingressClass === other.ingressClass)
      .flatMap(([other, { entryPoints }]) => {
        const shared = edge.entryPoints.findIndex((one) => entryPoints.includes(one));
        if (shared === -1) return [];
        const message = `an entry point that no other edge with this namespace and ingressClass has: edges.${other} has this one`;
        return [{ path: [name, "entryPoints", shared], message }];
      }),
  );
}
