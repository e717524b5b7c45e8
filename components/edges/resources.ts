import type { EdgeArgs, EdgeResources } from "./edge";
import { declareGatewayApi } from "./gateway-api/resources";
import { declareIngressNginx } from "./ingress-nginx/resources";
import type { EdgeSettings } from "./settings";
import { declareTraefik } from "./traefik/resources";

/** Declares an edge: its controller, if the stack installs it, and the overrides. */
export async function declareEdge(name: string, settings: EdgeSettings, args: EdgeArgs): Promise<EdgeResources> {
  switch (settings.kind) {
    case "ingress-nginx":
      return declareIngressNginx(name, settings, args);
    case "traefik":
      return declareTraefik(name, settings, args);
    case "gateway-api":
      return declareGatewayApi(name, settings, args);
  }
}
