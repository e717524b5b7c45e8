import { createHash } from "node:crypto";
import type { Settings } from "./read";

/**
 * A name for what one stack deploys, which its pages carry: whoever verifies a change sees that the answer is this
 * stack's and not another cluster's with an instance of the same name. It tells a visitor nothing.
 *
 * @param stack the stack's name without organization and project, such as `production`.
 * @returns eight hexadecimal digits.
 */
export function deploymentOf(stack: string, { bucket }: Pick<Settings, "bucket">): string {
  return createHash("sha256").update(`${stack} ${bucket.name}`).digest("hex").slice(0, 8);
}
