import { describe, expect, it } from "vitest";
import { understood } from "./instance";

const answer = (status: number, body?: object) => ({ status, json: () => body });
const failure = (status: number, reason: string, message: string) =>
  answer(status, { kind: "Status", apiVersion: "v1", status: "Failure", reason, message });

describe("what the cluster's API answers for an instance", () => {
  it.each([200, 301, 403, 404])("%s: it answers", (status) => {
    expect(understood(answer(status))).toStrictEqual({ answers: true, result: String(status) });
  });

  it.each([500, 502, 503])("%s of its own: it does not", (status) => {
    expect(understood(answer(status))).toStrictEqual({ answers: false, result: String(status) });
  });

  it("a Service without pods: it does not", () => {
    const result = 'no endpoints available for service "caddy"';
    expect(understood(failure(503, "ServiceUnavailable", result))).toStrictEqual({ answers: false, result });
  });

  it.each([
    [404, "NotFound", 'services "caddy" not found'],
    [403, "Forbidden", 'services "caddy" is forbidden'],
    [401, "Unauthorized", "Unauthorized"],
  ])("%s %s: it is not known", (status, reason, result) => {
    expect(understood(failure(status, reason, result))).toStrictEqual({ answers: undefined, result });
  });
});
