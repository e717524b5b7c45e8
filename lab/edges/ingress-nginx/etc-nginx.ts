import { copyFile, cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { firstConfigurationForDebian, templateForDebian } from "./template";

/** /etc/nginx as the controller's image has it, with our changes; begun anew at each start, as nothing may be left. */
export async function writeEtcNginx(module: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await cp(join(module, "rootfs", "etc", "nginx"), folder, { recursive: true });
  await copyFile("/etc/nginx/mime.types", join(folder, "mime.types"));
  await cp(join(__dirname, "lua"), join(folder, "lua"), { recursive: true });
  for (const [file, edit] of [
    ["template/nginx.tmpl", templateForDebian],
    ["nginx.conf", firstConfigurationForDebian],
  ] as const) {
    const path = join(folder, file);
    await writeFile(path, edit(await readFile(path, "utf8")));
  }
}
