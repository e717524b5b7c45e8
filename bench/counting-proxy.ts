import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type RequestOptions, request as sendRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

/** Requests by their method, such as 12 of `GET`. */
export type Counts = ReadonlyMap<string, number>;

/** A way to the API server that counts the requests. The server's own metrics count those of all clients together. */
export interface CountingProxy {
  /** The requests since the last call. */
  take(): Counts;
  stop(): void;
}

/**
 * Starts a proxy on the loopback interface. It reads the requests, so it forwards them with the credentials of `config` and not with those of
 * the client.
 *
 * @param config leads to the API server.
 * @param kubeconfig the path of the kubeconfig that is written, with the names of `config`. It leads to the proxy and has no credentials.
 */
export async function startCountingProxy(config: KubeConfig, kubeconfig: string): Promise<CountingProxy> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const { method = "" } = request;
    counts.set(method, (counts.get(method) ?? 0) + 1);
    forward(config, request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  writeFileSync(kubeconfig, kubeconfigTo(`http://127.0.0.1:${port}`, config), { mode: 0o600 });
  return {
    take() {
      const taken = new Map(counts);
      counts.clear();
      return taken;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function forward(config: KubeConfig, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const options: RequestOptions = { method: request.method };
  await config.applyToHTTPSOptions(options);
  const { host: _host, authorization: _authorization, ...headers } = request.headers;
  const server = config.getCurrentCluster()?.server ?? "";
  const url = new URL(server.replace(/\/+$/, "") + request.url);
  const forwarded = sendRequest(url, { ...options, headers: { ...headers, ...options.headers } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders(); // a watch waits for them, and its first event may come much later
    answer.pipe(response);
  });
  forwarded.on("error", () => response.destroy());
  response.on("close", () => forwarded.destroy());
  request.pipe(forwarded);
}

/** The clients of Go and of Node send no credentials without TLS, and Node's wants `skipTLSVerify` then. */
function kubeconfigTo(server: string, config: KubeConfig): string {
  const own = new KubeConfig();
  own.loadFromString(config.exportConfig());
  own.clusters = own.clusters.map(({ name }) => ({ name, server, skipTLSVerify: true }));
  own.users = own.users.map(({ name }) => ({ name }));
  return own.exportConfig();
}
