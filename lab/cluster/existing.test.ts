import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { whyNot } from "./existing";

function kubeconfig(server: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "some", server, skipTLSVerify: false }, { name: "somebody" });
  return config;
}

describe("a cluster that KUBECONFIG leads to", () => {
  it.each(["https://127.0.0.1:6443", "https://localhost:6443", "https://0.0.0.0:6443", "https://[::1]:6443"])(
    "is used at %s",
    (server) => {
      expect(whyNot(kubeconfig(server), undefined)).toBeUndefined();
    },
  );

  it("is not used elsewhere, unless its context is named", () => {
    const config = kubeconfig("https://production.example.org:6443");
    expect(whyNot(config, undefined)).toContain(`--context ${config.getCurrentContext()}`);
    expect(whyNot(config, "another")).toContain("no context another");
    expect(whyNot(config, config.getCurrentContext())).toBeUndefined();
  });

  it("has to be one", () => {
    expect(whyNot(new KubeConfig(), undefined)).toContain("no current context");
  });
});
