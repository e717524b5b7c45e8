import { createHash } from "node:crypto";
import type { Settings } from "./read";

/**
 * The mark in the answers of a stack's page server. It verifies a change: the answer comes from this stack, and not from another
 * cluster with an instance of the same name. It means nothing to a visitor.
 *
 * @param stack the stack's name without organization and project, such as `production`.
 * @returns eight hexadecimal digits.
 */
export function stackMark(stack: string, { bucket }: Pick<Settings, "bucket">): string {
  return createHash("sha256").update(`${stack} ${bucket.name}`).digest("hex").slice(0, 8);
}
