import { expect, it } from "vitest";
import { clusterFindings } from "./cluster";

/** The result and the text, for an answer to `/version`. */
async function found(status: number, body: unknown) {
  const answer = { status, headers: {}, text: JSON.stringify(body), json: () => body };
  const [finding] = await clusterFindings({ get: async () => answer });
  return `${finding?.result}: ${finding?.text}`;
}

it("a Kubernetes API says its version", async () => {
  expect(await found(200, { gitVersion: "v1.35.0" })).toBe("ok: the kubeconfig leads to the one that the stack names");
});

it.each([200, 404])("another server with status %s is no Kubernetes API", async (status) => {
  expect(await found(status, undefined)).toBe(
    `problem: something answers at the kubeconfig's server that is no Kubernetes API (status ${status})`,
  );
});

it("quotes the API's message if it refuses the request", async () => {
  expect(await found(401, { kind: "Status", message: "Unauthorized" })).toBe("problem: Unauthorized");
});
