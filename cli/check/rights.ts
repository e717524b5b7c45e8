import type { Settings } from "../../settings/read";
import { missingRights, type Right, rightsFor, rightsText } from "../rights";
import type { Finding } from "./finding";

const CHECK = "rights";
const REMEDY = "docs/kubernetes-roles.yaml has an account that may.";

const LOOKING: readonly string[] = ["get", "list", "watch"];

/** Whether this account may do in the cluster what `pulumi up` does. One that only looks, as a pipeline's for previews, can enable nothing. */
export async function rightsFindings(settings: Settings): Promise<readonly Finding[]> {
  const wanted = rightsFor(settings);
  return [verdictOnRights(wanted, await missingRights(settings, wanted))];
}

/** @param wanted all rights, of which `missing` are those that the account lacks. */
export function verdictOnRights(wanted: readonly Right[], missing: readonly Right[]): Finding {
  const changing = wanted.filter(({ verb }) => !LOOKING.includes(verb));
  if (missing.length === 0)
    return {
      check: CHECK,
      result: "ok",
      text: `this account has all ${wanted.length} rights that \`pulumi up\` needs`,
    };
  if (missing.length === changing.length && missing.every(({ verb }) => !LOOKING.includes(verb)))
    return { check: CHECK, result: "warning", text: "this account may only look", remedy: REMEDY };
  const text = `this account may not: ${rightsText(missing).join("; ")}`;
  return { check: CHECK, result: "problem", text, remedy: REMEDY };
}
