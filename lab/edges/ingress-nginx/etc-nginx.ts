import { copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { firstConfigurationForDebian, templateForDebian } from "./template";

/** The image's modsecurity.conf begins so too: rules are tried and block nothing, until a ConfigMap says `SecRuleEngine On`. */
const MODSECURITY = "SecRuleEngine DetectionOnly\n";

/** Writes /etc/nginx as the controller's image has it, with our changes. At each start the folder is written anew. */
export async function writeEtcNginx(module: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await cp(join(module, "rootfs", "etc", "nginx"), folder, { recursive: true });
  await copyFile("/etc/nginx/mime.types", join(folder, "mime.types"));
  await symlink("/usr/lib/nginx/modules", join(folder, "modules"));
  await mkdir(join(folder, "modsecurity"));
  await writeFile(join(folder, "modsecurity", "modsecurity.conf"), MODSECURITY);
  await cp(join(__dirname, "lua"), join(folder, "lua"), { recursive: true });
  for (const [file, edit] of [
    ["template/nginx.tmpl", templateForDebian],
    ["nginx.conf", firstConfigurationForDebian],
  ] as const) {
    const path = join(folder, file);
    await writeFile(path, edit(await readFile(path, "utf8")));
  }
}
