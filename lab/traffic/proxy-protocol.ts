import { Agent } from "node:http";
import { connect, isIPv6, type NetConnectOpts } from "node:net";

/**
 * Connects as a load balancer does that names its visitor by the PROXY protocol, version 1
 * (https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt, section 2.1). For the option `agent` of `visit`, over HTTP.
 *
 * @param visitor the visitor's address.
 */
export function agentFor(visitor: string): Agent {
  const [family, own] = isIPv6(visitor) ? ["TCP6", "::1"] : ["TCP4", "127.0.0.1"];
  class ProxyingAgent extends Agent {
    override createConnection(options: NetConnectOpts) {
      const socket = connect(options);
      socket.write(`PROXY ${family} ${visitor} ${own} 40000 80\r\n`);
      return socket;
    }
  }
  return new ProxyingAgent();
}
