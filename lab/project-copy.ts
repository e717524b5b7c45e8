import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT } from "../cli/project";
import { runCommand } from "./cluster/commands";

/** Copies what git knows of the project, or is about to, so that its files can be changed. */
export async function copyProject(folder: string): Promise<void> {
  const listed = await runCommand("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: PROJECT });
  for (const name of listed.split("\n").filter((name) => name !== "" && existsSync(join(PROJECT, name)))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(PROJECT, name), join(folder, name));
  }
}
