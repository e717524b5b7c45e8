import { createHash } from "node:crypto";
import type { Settings } from "./read";

/**
 * The mark that a stack's pages carry. With it a change is verified: the answer is this stack's, and not another cluster's
 * with an instance of the same name. It means nothing to a visitor.
 *
 * @param stack the stack's name without organization and project, such as `production`.
 * @returns eight hexadecimal digits.
 */
export function stackMark(stack: string, { bucket }: Pick<Settings, "bucket">): string {
  return createHash("sha256").update(`${stack} ${bucket.name}`).digest("hex").slice(0, 8);
}
