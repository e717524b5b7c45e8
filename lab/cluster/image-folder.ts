import { chmod, cp, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "./commands";

/** Debian's, on this machine and in the images that are made of it. */
export const NGINX = "/usr/sbin/nginx";

/** The root file system of an image, made of this machine's own programs. Paths in it are those on this machine. */
export class ImageFolder {
  constructor(readonly root: string) {}

  async makeFolders(...folders: readonly string[]): Promise<void> {
    for (const folder of folders) await mkdir(join(this.root, folder), { recursive: true });
  }

  async write(file: string, content: string, mode = 0o644): Promise<void> {
    await mkdir(join(this.root, dirname(file)), { recursive: true });
    await writeFile(join(this.root, file), content, { mode });
  }

  /** A file, or a folder with all in it. */
  async add(path: string, as = path): Promise<void> {
    await mkdir(join(this.root, dirname(as)), { recursive: true });
    await cp(await realpath(path), join(this.root, as), { recursive: true, dereference: true });
  }

  /** A program, or a module of one, with the libraries that it loads. */
  async addProgram(path: string): Promise<void> {
    await this.add(path);
    for (const [library] of (await runCommand("ldd", [path])).matchAll(/(?<=\s)\/\S+/g)) await this.add(library);
  }

  /** nginx, whose logs are the container's output, as in the official images, and a `/tmp` for anybody. */
  async addNginx(): Promise<void> {
    await this.addProgram(NGINX);
    await this.add("/etc/nginx/mime.types");
    await this.makeFolders("tmp", "var/log/nginx");
    await chmod(join(this.root, "tmp"), 0o1777);
    await symlink("/dev/stdout", join(this.root, "var/log/nginx/access.log"));
    await symlink("/dev/stderr", join(this.root, "var/log/nginx/error.log"));
  }

  /** A shell, and programs for its scripts. */
  async addBusybox(programs: readonly string[]): Promise<void> {
    await this.add("/bin/busybox");
    for (const program of programs) await symlink("busybox", join(this.root, "bin", program));
  }
}
