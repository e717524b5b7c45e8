import { createContext, Script } from "node:vm";
import { wildcardOf } from "../../../model/instances";

/** A host of an instance, which may be a wildcard, and the hosts that the wildcard leaves out. */
export interface Covering {
  readonly host: string;
  readonly otherHosts: readonly string[];
}

/** A matcher for the host of a request, or for that of an encrypted connection. */
export type HostMatcher = "Host" | "HostSNI";

/**
 * A rule for every encrypted connection. Traefik uses it after all others (pkg/muxer/tcp/mux.go in traefik/traefik, AddRoute). With a
 * second condition beside this one, a rule comes in its turn.
 */
export function isForEveryConnection(rule: string): boolean {
  return /^\s*HostSNI\(\s*[`"]\*[`"]\s*\)\s*$/i.test(rule);
}

/** Whether a route for a host, which may be a wildcard, gets requests for a host of an instance. */
export function overlaps(one: string, { host, otherHosts }: Covering): boolean {
  if (one === host || one === wildcardOf(host)) return true;
  return wildcardOf(one) === host && !otherHosts.includes(one);
}

/** Whether a rule may match a host of an instance, by its matchers for hosts. A rule without any matches all. */
export function mayMatch(rule: string, matcher: HostMatcher, covering: Covering): boolean {
  const { hosts, expressions } = matchersIn(rule, matcher);
  return hosts.length + expressions.length === 0 || namesHost(rule, matcher, covering);
}

/** Whether one of a rule's matchers for hosts matches a host of an instance. */
export function namesHost(rule: string, matcher: HostMatcher, covering: Covering): boolean {
  const { hosts, expressions } = matchersIn(rule, matcher);
  return (
    hosts.some((one) => one === "*" || overlaps(one, covering)) ||
    expressions.some((one) => matchesHost(one, covering.host.replace("*", "any")))
  );
}

/**
 * The hosts that a rule names. An expression counts if it is a host, or a wildcard, that is written as an expression.
 *
 * @example
 * hostsIn("Host(`acme.example.org`) || HostRegexp(`^[^.]+\\.acme\\.example\\.org$`)"); // ["acme.example.org", "*.acme.example.org"]
 */
export function hostsIn(rule: string): readonly string[] {
  const { hosts, expressions } = matchersIn(rule, "Host");
  return [...new Set([...hosts, ...expressions.flatMap(plainHost)])];
}

function plainHost(expression: string): readonly string[] {
  const [, label, host] =
    /^(?:\(\?i\))?\^(?:(\.\+|\[[^\]]+\]\+)\\\.)?((?:[\w-]+\\?\.)*[\w-]+)\$$/.exec(expression) ?? [];
  if (host === undefined) return [];
  return [`${label === undefined ? "" : "*."}${host.replaceAll("\\", "").toLowerCase()}`];
}

/** A value in a rule, in one of Go's two kinds of quotes. */
const VALUE = /`[^`]*`|"(?:[^"\\]|\\.)*"/g;

/**
 * The values of a rule's matchers for hosts, without those with `!`, which say what it does not match. In the syntax of Traefik 2 a matcher may
 * have several (https://doc.traefik.io/traefik/v2.11/routing/routers/#rule).
 */
function matchersIn(rule: string, matcher: HostMatcher) {
  const value = `(?:${VALUE.source})`;
  const valuesOf = (name: string) =>
    [...rule.matchAll(new RegExp(`(?<!!\\s*)\\b${name}\\(\\s*${value}(?:\\s*,\\s*${value})*`, "gi"))]
      .flatMap(([found]) => found.match(VALUE) ?? [])
      .map(unquoted);
  return { hosts: valuesOf(matcher).map((one) => one.toLowerCase()), expressions: valuesOf(`${matcher}Regexp`) };
}

function unquoted(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

const MATCH_MILLISECONDS = 50;

const MATCH = new Script("new RegExp(source, flags).test(host)");

// A context for each match would take 2 ms.
const CONTEXT = createContext({});

/**
 * Whether somebody's expression, which is one of Go's, matches a host. One that JavaScript does not know may match; and so may one that
 * takes JavaScript too long, although it never takes Go long.
 */
function matchesHost(expression: string, host: string): boolean {
  const [, isCaseless, source = ""] = /^(\(\?i\))?(.*)$/s.exec(expression) ?? [];
  Object.assign(CONTEXT, { source, flags: isCaseless === undefined ? "" : "i", host });
  try {
    return MATCH.runInContext(CONTEXT, { timeout: MATCH_MILLISECONDS }) === true;
  } catch {
    return true;
  }
}
