import { PATHS, type Paths, PORTS } from "./model";

/**
 * The command of the page server's container, for `/bin/sh -c`. Before nginx starts it
 *
 * - removes the sockets that a killed nginx left in the same pod: the next nginx could not listen on them;
 * - copies the name servers from the container's resolv.conf, because nginx reads them only from its own configuration. An IPv6 address
 *   needs brackets, and nginx rejects an address with a zone (%eth0);
 * - makes each server listen on IPv6 too, where the kernel has it. Without it nginx would not start. A cluster may have IPv6 alone.
 */
export function startCommand(ports: Readonly<Record<string, number>>, paths: Paths): string {
  const listening = Object.entries(ports).map(
    ([server, port]) => `echo "listen [::]:${port};" > ${paths.ipv6}/${server}.conf`,
  );
  return [
    `rm -f ${Object.values(paths.sockets).join(" ")} &&`,
    `awk '$1 == "nameserver" && $2 !~ /%/ { all = all " " ($2 ~ /:/ ? "[" $2 "]" : $2) }`,
    `END { print "resolver" (all == "" ? " 127.0.0.1" : all) " valid=30s;" }' /etc/resolv.conf > ${paths.resolver} &&`,
    `if [ -e /proc/net/if_inet6 ]; then mkdir -p ${paths.ipv6} && ${listening.join(" && ")}; fi`,
    `&& exec nginx -c ${paths.configuration}/nginx.conf -g 'daemon off;'`,
  ].join(" ");
}

export const START = startCommand(PORTS, PATHS);
