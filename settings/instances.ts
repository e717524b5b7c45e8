import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { DNS_LABEL } from "../model/fields";
import type { Instance } from "../model/instances";
import { listed, nearest, type Problem, pathText } from "../model/problems";
import type { Config } from "./schema";

/** The registry: instances by name, in the order of the configuration. */
export type Registry = ReadonlyMap<string, Instance>;

/** The configuration of the registry. */
export interface RegistryConfig {
  /** As configured; `undefined` when it was already rejected. */
  readonly instances?: Config["instances"];
  readonly hostPatterns?: readonly string[] | undefined;
  /** The names of the edges; `undefined` when they were already rejected. */
  readonly edges?: readonly string[] | undefined;
}

// RFC 1035 section 2.3.4 limits a name to 255 octets on the wire, which are 253 characters as text.
const LONGEST_HOST = 253;

const HOST_ALLOWED = "a lower-case host name of two or more labels, such as acme.example.org";
const NO_ADDRESS = "a host name: Kubernetes does not allow the IP address of a server as the host of an Ingress";

/**
 * Builds the registry from the configuration and reports all its problems.
 *
 * @example
 * registry({ instances: ["acme"], hostPatterns: ["{instance}.example.org"] }).registry.get("acme")?.hosts; // ["acme.example.org"]
 */
export function registry(config: RegistryConfig): {
  readonly registry: Registry;
  readonly problems: readonly Problem[];
} {
  const ofPatterns = patternProblems(config.hostPatterns ?? []);
  const problems: Problem[] = [...ofPatterns];
  const instances = new Map<string, Instance>();
  for (const { name, title, service, edges, hosts: own, path, found } of configured(config.instances ?? [])) {
    if (!DNS_LABEL.test(name)) {
      problems.push({
        path,
        found: name,
        allowed: "a name of lower-case letters, digits and inner hyphens, 63 at most",
        nearest: nearestLabel(name),
      });
      continue;
    }
    if (instances.has(name)) {
      problems.push({ path, found: name, allowed: "each instance once" });
      continue;
    }
    const hosts = own ?? config.hostPatterns?.map((pattern) => hostFrom(pattern, name));
    if (hosts === undefined) {
      problems.push({
        path,
        found,
        allowed: "hosts for this instance, or hostPatterns for all instances without hosts",
      });
      continue;
    }
    if (own !== undefined) problems.push(...hostProblems(own, `${path}.hosts`));
    // A valid pattern can still make a host that is too long. A broken pattern is reported once, at its own path.
    else if (ofPatterns.length === 0) {
      problems.push(...hostProblems(hosts, path).map((problem) => ({ ...problem, path, nearest: undefined })));
    }
    problems.push(...edgeProblems(edges ?? [], config.edges, `${path}.edges`));
    instances.set(name, {
      name,
      hosts,
      ...(title === undefined ? {} : { title }),
      ...(service === undefined ? {} : { service }),
      ...(edges === undefined ? {} : { edges }),
    });
  }
  if (instances.size === 0 && problems.length === 0 && config.instances !== undefined) {
    problems.push({ path: "instances", found: config.instances, allowed: "one or more instances" });
  }
  problems.push(...ownershipProblems(instances));
  return { registry: instances, problems };
}

interface ConfiguredInstance {
  readonly name: string;
  readonly title: string | undefined;
  readonly service: Instance["service"];
  readonly edges: readonly string[] | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly path: string;
  readonly found: unknown;
}

function configured(instances: NonNullable<Config["instances"]>): readonly ConfiguredInstance[] {
  return Array.isArray(instances)
    ? instances.map((name, index) => ({
        name,
        title: undefined,
        service: undefined,
        edges: undefined,
        hosts: undefined,
        path: `instances[${index}]`,
        found: name,
      }))
    : Object.entries(instances).map(([name, { hosts, title, service, edges }]) => ({
        name,
        title: title?.trim() || undefined,
        service,
        edges,
        hosts,
        path: pathText(["instances", name]),
        found: hosts === undefined ? undefined : { hosts },
      }));
}

/** The host that a pattern makes of an instance's name. */
export function hostFrom(pattern: string, name: string): string {
  return pattern.replaceAll("{instance}", name);
}

function patternProblems(patterns: readonly string[]): readonly Problem[] {
  return patterns.flatMap((pattern, index) => {
    const path = `hostPatterns[${index}]`;
    if (!pattern.includes("{instance}")) {
      return [{ path, found: pattern, allowed: "a host name with {instance}: two instances can't own the same host" }];
    }
    return hostProblems(
      patterns.map((other) => hostFrom(other, "x")),
      "hostPatterns",
    )
      .filter((problem) => problem.path === path)
      .map((problem) => ({ ...problem, found: pattern, nearest: undefined }));
  });
}

/** The problems of an instance's list of edges. */
function edgeProblems(
  named: readonly string[],
  known: readonly string[] | undefined,
  path: string,
): readonly Problem[] {
  return named.flatMap((edge, index): Problem[] => {
    const at = `${path}[${index}]`;
    if (named.indexOf(edge) !== index) return [{ path: at, found: edge, allowed: "each edge once" }];
    if (known === undefined || known.includes(edge)) return [];
    return [{ path: at, found: edge, allowed: `the name of an edge: ${listed(known)}`, nearest: nearest(edge, known) }];
  });
}

/** The problems of one instance's hosts, apart from those with other instances. */
function hostProblems(hosts: readonly string[], path: string): readonly Problem[] {
  const stray = strayWildcards(hosts);
  return hosts.flatMap((host, index): Problem[] => {
    const at = `${path}[${index}]`;
    const base = host.startsWith("*.") ? host.slice(2) : host;
    const problem = hostProblem(base);
    if (problem !== undefined) return [{ path: at, found: host, ...problem, nearest: nearestHost(host) }];
    if (hosts.indexOf(host) !== index) return [{ path: at, found: host, allowed: "each host once" }];
    if (stray.includes(host)) {
      const plain = hosts.find((one) => !one.startsWith("*."));
      return [
        {
          path: at,
          found: host,
          allowed: "a wildcard only below another host of the same instance",
          nearest: plain === undefined ? undefined : `*.${plain}`,
        },
      ];
    }
    return [];
  });
}

/**
 * The wildcards that are below no other host of the same instance. `*.example.org` beside `acme.example.org` would put every other instance
 * of the domain into maintenance.
 */
export function strayWildcards(hosts: readonly string[]): readonly string[] {
  const plain = hosts.filter((host) => !host.startsWith("*."));
  return hosts.filter((host) => host.startsWith("*.") && !plain.some((own) => host.endsWith(`.${own}`)));
}

/** The problem of a single host; `undefined` when it is valid. */
export function hostProblem(host: unknown): Pick<Problem, "allowed" | "nearest"> | undefined {
  if (typeof host === "string" && isHost(host)) return undefined;
  if (typeof host === "string" && isIP(host.replace(/^\[|\]$/g, "")) !== 0) return { allowed: NO_ADDRESS };
  return { allowed: HOST_ALLOWED, nearest: typeof host === "string" ? nearestHost(host) : undefined };
}

function isHost(host: string): boolean {
  const labels = host.split(".");
  const isAddress = isIP(host) !== 0;
  return (
    !isAddress && host.length <= LONGEST_HOST && labels.length >= 2 && labels.every((label) => DNS_LABEL.test(label))
  );
}

/** The host that a person may have meant: in lower case and ASCII, without scheme, port, path and dots at the end. */
function nearestHost(found: string): string | undefined {
  const bare = found
    .trim()
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/[:/?#].*$/s, "")
    .replace(/\.+$/, "");
  const wildcard = bare.startsWith("*.") ? "*." : "";
  const host = domainToASCII(bare.slice(wildcard.length));
  return isHost(host) ? wildcard + host : undefined;
}

/** The instance's name that a person may have meant; `undefined` when nothing is left of it. */
export function nearestLabel(found: string): string | undefined {
  const label = found
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return DNS_LABEL.test(label) ? label : undefined;
}

/**
 * Hosts that two instances claim. A wildcard of one instance may cover a host of another: at every edge the exact host comes first
 * (ingress-nginx: internal/ingress/controller/template/template.go, buildServerName, where a wildcard is one label;
 * https://nginx.org/en/docs/http/server_names.html; https://gateway-api.sigs.k8s.io/reference/spec/#hostname).
 */
function ownershipProblems(instances: Registry): readonly Problem[] {
  const owner = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, hosts } of instances.values()) {
    for (const host of hosts) {
      const other = owner.get(host);
      if (other === undefined) owner.set(host, name);
      else if (other !== name) {
        problems.push({
          path: pathText(["instances", name, "hosts"]),
          found: host,
          allowed: `hosts that no other instance owns; ${other} owns this one`,
        });
      }
    }
  }
  return problems;
}

/** The problem of a name that is not in the registry. */
export function unknownInstance(path: string, found: string, known: Registry): Problem {
  const names = [...known.keys()];
  const all = found === "*" || found.trim() === "" || found.toLowerCase() === "all";
  return {
    path,
    found,
    allowed: `the name of an instance: ${listed(names)}${all ? "; no name stands for all instances" : ""}`,
    nearest: all ? undefined : nearest(found, names),
  };
}
