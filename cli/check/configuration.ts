import { ProblemsError, problemLine } from "../../model/problems";
import type { Settings } from "../../settings/read";
import { isForPeople } from "../errors";
import type { StackText } from "../stack-text";
import type { Finding } from "./finding";

const CHECK = "configuration";

/** What is wrong with the stack's file, or with the folders of instances, and what needs attention. */
export function configurationFindings(
  content: Pick<StackText, "settings">,
  { now, faults, warnings, instances, edges }: Pick<Settings, "now" | "faults" | "warnings" | "instances" | "edges">,
): readonly Finding[] {
  const problems = problemsIn(content, now);
  const found = [
    ...problems.map((text): Finding => ({ check: CHECK, result: "problem", text, remedy: REMEDY })),
    ...[...new Set([...faults, ...warnings])].map((text): Finding => ({ check: CHECK, result: "warning", text })),
  ];
  if (found.length > 0) return found;
  const text = `instances: ${instances.length}, edges: ${Object.keys(edges).length}`;
  return [{ check: CHECK, result: "ok", text }];
}

const REMEDY = "Correct it: until then every `pulumi up` is refused.";

function problemsIn(content: Pick<StackText, "settings">, now: Date): readonly string[] {
  try {
    content.settings(now);
    return [];
  } catch (error) {
    if (error instanceof ProblemsError) return error.problems.map(problemLine);
    if (!isForPeople(error)) throw error;
    return [error.message];
  }
}
