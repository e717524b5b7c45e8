import { describe, expect, it } from "vitest";
import { identifyCluster } from "./cluster";

const kubeconfig = (current: string | undefined, ...names: string[]) =>
  JSON.stringify({
    "current-context": current,
    contexts: names.map((name) => ({ name, context: { cluster: `${name}-cluster`, user: "somebody" } })),
    clusters: names.map((name) => ({ name: `${name}-cluster`, cluster: { server: `https://${name}.example:6443` } })),
  });

describe("identifying the cluster", () => {
  it("follows the configured context, not the current one", () => {
    expect(identifyCluster({ context: "staging" }, [kubeconfig("production", "production", "staging")])).toStrictEqual({
      cluster: { context: "staging", clusterName: "staging-cluster", server: "https://staging.example:6443" },
      problems: [],
    });
  });

  it("searches several files; the first mention counts", () => {
    const files = [kubeconfig(undefined, "one"), kubeconfig("two", "two", "one")];
    expect(identifyCluster({ clusterName: "two-cluster" }, files)).toMatchObject({
      cluster: { context: "two" },
      problems: [],
    });
  });

  it("treats two spellings of one address as equal", () => {
    expect(identifyCluster({ server: "https://one.example:6443/" }, [kubeconfig("one", "one")]).problems).toEqual([]);
  });

  it.each([
    [{ clusterName: "two-cluster" }, "kubernetes.clusterName"],
    [{ server: "https://two.example:6443" }, "kubernetes.server"],
    [{ context: "onne" }, "kubernetes.context"],
  ])("rejects %j", (expected, path) => {
    expect(identifyCluster(expected, [kubeconfig("one", "one")]).problems).toMatchObject([{ path }]);
  });

  it("shows the nearest context", () => {
    expect(identifyCluster({ context: "onne" }, [kubeconfig("one", "two", "one")]).problems).toMatchObject([
      { found: "onne", nearest: "one" },
    ]);
  });

  it.each(["", "[", "contexts: 7", "{}"])("finds no cluster in %j", (text) => {
    expect(identifyCluster({ context: "one" }, [text]).problems).toHaveLength(1);
  });

  it("finds no cluster without a kubeconfig", () => {
    expect(identifyCluster({ context: "one" }, [])).toStrictEqual({ cluster: undefined, problems: [] });
    expect(identifyCluster({ server: "https://one.example:6443" }, undefined).problems).toStrictEqual([]);
  });

  it("refuses to take the cluster of a pod, when there is no kubeconfig and no context", () => {
    for (const settings of [{ server: "https://one.example:6443" }, { clusterName: "one" }]) {
      expect(identifyCluster(settings, []).problems).toMatchObject([{ path: "kubernetes", found: "no kubeconfig" }]);
    }
  });
});
