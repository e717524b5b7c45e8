import type { Edge } from "../components/edges/edge";
import { LINK_PATH } from "../components/page-server/contract";
import { BYPASS_HEADER, type BypassKey, LINK_SECONDS, NO_BYPASS, openableHosts, walkOf } from "../model/bypass";
import type { Instance } from "../model/instances";
import { listed } from "../model/problems";

/** How to get through to an instance in maintenance, as `--json` shows it. */
export interface BypassUse {
  readonly instance: string;
  readonly header: { readonly name: string; readonly value: string };
  readonly cookie: { readonly name: string; readonly value: string };
  /** A line for a shell. */
  readonly curl: string;
  /** A bookmark for a browser: sets the cookie for eight hours, and when clicked again takes it away. */
  readonly bookmarklet: string;
  /** For each host a link that lets a browser in. It opens the other hosts of the walk, too (see `walkOf`), and ends at its own host. */
  readonly links: readonly Link[];
  /** From where no key is needed. */
  readonly addresses: readonly OpenEdge[];
}

/** Addresses, or ranges of them, from which an edge lets requests through without a key. */
export interface OpenEdge {
  readonly edge: string;
  readonly ranges: readonly string[];
}

/** A link to one host. */
export interface Link {
  readonly host: string;
  readonly url: string;
  /** The link that takes the cookies away. */
  readonly end: string;
}

/**
 * How to use an instance's key.
 *
 * @param edges those that it is behind.
 */
export function bypassUse(
  { name, hosts, assumedHosts }: Instance,
  key: BypassKey,
  edges: readonly Pick<Edge, "name" | "address" | "bypassAddresses">[],
): BypassUse {
  const [{ address } = { address: undefined }] = edges;
  const [host = ""] = openableHosts(hosts);
  const header = `-H '${BYPASS_HEADER}: ${key.header}'`;
  return {
    instance: name,
    header: { name: BYPASS_HEADER, value: key.header },
    cookie: { name: key.cookie, value: "always" },
    curl: address === undefined ? `curl ${header} https://${host}/` : `curl ${header} -H 'Host: ${host}' ${address}/`,
    bookmarklet: bookmarklet(key, domainsOf(hosts)),
    links: linksOf({ hosts, assumedHosts }, key),
    addresses: edges.flatMap(({ name: edge, bypassAddresses: ranges = [] }) =>
      ranges.length === 0 ? [] : [{ edge, ranges }],
    ),
  };
}

function linksOf(instance: Pick<Instance, "hosts" | "assumedHosts">, { header }: BypassKey): readonly Link[] {
  const walk = walkOf(instance);
  return openableHosts(instance.hosts).map((host) => {
    const walked = walk.length > 1 && walk.includes(host) ? `&hosts=${walk.length}` : "";
    const link = (word: string) => `https://${host}${LINK_PATH}?${word}=${header}${walked}`;
    return { host, url: link("key"), end: link("end") };
  });
}

/** The domains that a cookie has to be set for, to be sent to every host: those that are below none of the others. */
export function domainsOf(hosts: readonly string[]): readonly string[] {
  const plain = [...new Set(hosts.map((host) => host.replace(/^\*\./, "")))];
  return plain.filter((host) => !plain.some((other) => host.endsWith(`.${other}`)));
}

const EIGHT_HOURS = 8 * 60 * 60;

// A browser leaves out a cookie whose domain is not that of the site it is on, so each site gets its own.
function bookmarklet({ cookie }: BypassKey, domains: readonly string[]): string {
  return [
    `javascript:(()=>{const name="${cookie}",age=document.cookie.includes(name)?0:${EIGHT_HOURS};`,
    `for(const domain of ${JSON.stringify(domains)})document.cookie=name+"=always;path=/;samesite=lax;max-age="+age+`,
    `";domain="+domain+(location.protocol==="https:"?";secure":"");location.reload()})()`,
  ].join("");
}

/** The same for a person. */
export function bypassText({ instance, header, curl, bookmarklet, links, addresses }: BypassUse): string {
  const [first] = links;
  const curlWithout = curl.replace(header.value, NO_BYPASS);
  return [
    `A person who has this key reaches ${instance} while it is in maintenance. \`npx maintenance bypass ${instance} --rotate\` makes new keys for all instances of its stack.`,
    "",
    "In a shell:",
    "",
    `  ${curl}`,
    "",
    ...(first === undefined ? [] : linkText(links, first)),
    "In a browser, without the key in a link: make a bookmark of this line, open the site and click it. It lasts eight hours; another click ends it.",
    "",
    `  ${bookmarklet}`,
    ...addresses.flatMap((open) => addressText(open, curlWithout)),
  ].join("\n");
}

function addressText({ edge, ranges }: OpenEdge, curl: string): readonly string[] {
  return [
    "",
    `Without a key, at the edge ${edge}: from ${listed(ranges)}. To see from there what visitors see:`,
    "",
    `  ${curl}`,
  ];
}

function linkText(links: readonly Link[], first: Link): readonly string[] {
  const isWalk = links.some(({ url }) => url.includes("&hosts="));
  const opens = isWalk ? " A link with `hosts=` opens every host that has one, and ends at its own host." : "";
  return [
    `In a browser: open a link. It lets that browser in for ${LINK_SECONDS / 3600} hours.${opens} It contains the key: send it only to a person whom you let in.`,
    "",
    ...links.map(({ url }) => `  ${url}`),
    "",
    "To end that sooner, open in the same browser:",
    "",
    `  ${first.end}`,
    "",
  ];
}
