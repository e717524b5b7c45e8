import { type ParseArgsConfig, parseArgs } from "node:util";
import { LocalError } from "./cluster/errors";

/**
 * What was typed after a script's name.
 *
 * @throws {LocalError} with the usage, when there is no such option.
 */
export function readOptions<Options extends NonNullable<ParseArgsConfig["options"]>>(options: Options, usage: string) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new LocalError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}
