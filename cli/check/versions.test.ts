import { expect, it } from "vitest";
import { Unreachable } from "../../components/cluster-api";
import { CommandError } from "../errors";
import { versionsFindings } from "./versions";

const api = (gitVersion: string | undefined) => ({
  get: async () => ({
    status: gitVersion === undefined ? 403 : 200,
    headers: {},
    text: "",
    json: () => ({ gitVersion }),
  }),
});

/** The result and the text of each finding. */
async function found(cli: string, kubernetes: string | undefined, sdk = "3.246.0") {
  const findings = await versionsFindings(api(kubernetes), { cli: async () => cli, sdk });
  return findings.map(({ result, text }) => `${result}: ${text}`);
}

it.each(["v3.246.0", "3.250.1", "v4.0.0", "v3.246.0-alpha.1"])(
  "the CLI %s is not older than the SDK 3.246.0",
  async (cli) => {
    expect(await found(cli, "v1.35.0")).toStrictEqual([
      `ok: the Pulumi CLI is ${cli}, and the SDK of this project 3.246.0`,
      "ok: the cluster's Kubernetes is v1.35.0",
    ]);
  },
);

it.each(["v3.245.9", "v2.999.0"])("the CLI %s is older than the SDK 3.246.0", async (cli) => {
  const [pulumi] = await found(cli, "v1.35.0");
  expect(pulumi).toBe(`warning: the Pulumi CLI is ${cli}, and older than the SDK of this project, 3.246.0`);
});

it.each([
  ["v1.20.15", "problem: the cluster's Kubernetes is v1.20.15, and the page server needs 1.21 or newer"],
  ["v1.21.0-gke.100", "ok: the cluster's Kubernetes is v1.21.0-gke.100"],
  [undefined, "unknown: the version of Kubernetes is not known (status 403)"],
])("Kubernetes %s", async (version, text) => {
  expect((await found("v3.246.0", version))[1]).toBe(text);
});

it("knows of Pulumi although the cluster's API can't be reached", async () => {
  const unreachable = { get: () => Promise.reject(new Unreachable("no answer in 5 s")) };
  const findings = await versionsFindings(unreachable, { cli: async () => "v3.246.0", sdk: "3.246.0" });
  expect(findings.map(({ result }) => result)).toStrictEqual(["ok", "unknown"]);
});

it("a computer without the CLI can't enable anything", async () => {
  const cli = () => Promise.reject(new CommandError("The Pulumi CLI can't be started"));
  const [pulumi] = await versionsFindings(api("v1.35.0"), { cli, sdk: "3.246.0" });
  expect(pulumi).toStrictEqual({
    check: "Pulumi",
    result: "problem",
    text: "The Pulumi CLI can't be started",
    remedy: "Install 3.246.0: https://www.pulumi.com/docs/install/",
  });
});
