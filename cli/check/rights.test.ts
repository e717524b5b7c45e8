import { expect, it } from "vitest";
import { verdictOnRights } from "./rights";

const right = (verb: string) => ({ group: "", resource: "services", verb, namespace: "pages" });
const wanted = ["list", "create", "patch"].map(right);

it("knows an account with all rights, one that only looks, and one that lacks some", () => {
  expect(verdictOnRights(wanted, []).result).toBe("ok");
  expect(verdictOnRights(wanted, ["create", "patch"].map(right))).toMatchObject({
    result: "warning",
    text: "this account may only look",
  });
  expect(verdictOnRights(wanted, [right("patch")])).toMatchObject({
    result: "problem",
    text: "this account may not: patch services in pages",
  });
  expect(verdictOnRights(wanted, [right("list"), right("patch")]).result).toBe("problem");
});
