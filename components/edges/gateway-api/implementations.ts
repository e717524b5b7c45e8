import type { Order } from "./matches";

/** An implementation of the Gateway API. */
export interface Implementation {
  /** The `controllerName` of its GatewayClasses, unless it was installed with another one. */
  readonly controllerName: string;
  readonly order: Order;
  /**
   * Where the pods of its proxies are by default, whose requests reach the page server: in one namespace, in the namespace of each Gateway,
   * or in the network of the nodes.
   */
  readonly proxies: { readonly namespace: string } | "gateway-namespace" | "nodes";
  /** The files with the order, and its repository. */
  readonly source: string;
  /** The versions with which an override was tried, or `undefined` if only the source was read. */
  readonly tried: string | undefined;
}

/** Envoy rejects a request without a host, and adds the other two before it chooses the route. */
const HEADERS_OF_ENVOY = ["host", "x-forwarded-proto", "x-request-id"] as const;

/** The implementations for which overrides are made, by the name in the settings. */
export const IMPLEMENTATIONS = {
  "envoy-gateway": {
    controllerName: "gateway.envoyproxy.io/gatewayclass-controller",
    order: {
      paths: ["Exact", "RegularExpression", "PathPrefix"],
      isLongerExpressionFirst: true,
      // Raised in internal/xds/bootstrap/bootstrap.yaml.tpl.
      areExpressionsLimited: false,
      hasLocations: false,
      headers: HEADERS_OF_ENVOY,
    },
    proxies: { namespace: "envoy-gateway-system" },
    source: "internal/gatewayapi/sort.go and route.go in envoyproxy/gateway",
    tried: "Envoy Gateway 1.9.1 with Envoy 1.40.0",
  },
  "nginx-gateway-fabric": {
    controllerName: "gateway.nginx.org/nginx-gateway-controller",
    order: {
      paths: ["Exact", "RegularExpression", "PathPrefix"],
      isLongerExpressionFirst: true,
      areExpressionsLimited: false,
      hasLocations: true,
      // Its httpmatches.js compares what the client sent. Only this one is always there.
      headers: ["host"],
    },
    proxies: "gateway-namespace",
    source:
      "internal/controller/state/dataplane/sort.go, internal/controller/nginx/config/servers.go and modules/njs/src/httpmatches.js in nginx/nginx-gateway-fabric",
    tried: undefined,
  },
  cilium: {
    controllerName: "io.cilium/gateway-controller",
    order: {
      paths: ["Exact", "RegularExpression", "PathPrefix"],
      isLongerExpressionFirst: true,
      // Not raised in install/kubernetes/cilium/files/cilium-envoy/configmap/bootstrap-config.yaml.
      areExpressionsLimited: true,
      hasLocations: false,
      headers: HEADERS_OF_ENVOY,
    },
    // For Cilium's own policies they are the entity `ingress`.
    proxies: "nodes",
    source: "operator/pkg/model/translation/envoy_virtual_host.go in cilium/cilium",
    tried: undefined,
  },
  kgateway: {
    controllerName: "kgateway.dev/kgateway",
    order: {
      paths: ["Exact", "RegularExpression", "PathPrefix"],
      isLongerExpressionFirst: false,
      // Not raised in pkg/kgateway/helm/envoy/templates/configmap.yaml.
      areExpressionsLimited: true,
      hasLocations: false,
      headers: HEADERS_OF_ENVOY,
    },
    proxies: "gateway-namespace",
    source: "pkg/kgateway/translator/routeutils/sortable_route.go in kgateway-dev/kgateway",
    tried: undefined,
  },
  istio: {
    controllerName: "istio.io/gateway-controller",
    order: {
      paths: ["Exact", "PathPrefix", "RegularExpression"],
      isLongerExpressionFirst: true,
      // Raised to 32768 in pkg/bootstrap/config.go.
      areExpressionsLimited: false,
      hasLocations: false,
      headers: HEADERS_OF_ENVOY,
    },
    proxies: "gateway-namespace",
    source: "pilot/pkg/config/kube/gateway/conversion.go in istio/istio",
    tried: undefined,
  },
} as const satisfies Readonly<Record<string, Implementation>>;
