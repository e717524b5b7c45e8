import { join } from "node:path";
import { writeEtcNginx } from "../edges/ingress-nginx/etc-nginx";
import { fullImageName, writeImageArchive } from "./image";
import { ImageFolder, NGINX } from "./image-folder";
import type { Sandbox } from "./sandbox";

// Stand-ins for the official images of what an installation on somebody's own cluster needs, under their names.

const lua = ["/usr/share/lua/5.1", "/usr/lib/x86_64-linux-gnu/lua/5.1"];
const modules = ["ndk_http_module", "ngx_http_lua_module", "ngx_http_headers_more_filter_module"];
const controllersUser = 101;

/**
 * Starts the controller as the container's first process. The template's stream block is cut, as Debian's stream module has
 * no Lua, but the controller sends its TCP and UDP services there, of which there are none. It wants that port free when it
 * reads its flags, and its own port for probes is open after that.
 */
const start = `#!/bin/sh
(
  until netstat -ltn | grep -q ":10254 "; do sleep 0.1; done
  exec nc -ll -p 10247 -e cat
) > /dev/null 2>&1 &
exec "$@"
`;

/** Stands in for the bash with which wait-shutdown, the chart's preStop hook, ends the controller: "pkill ...". */
const bash = `#!/bin/sh
kill -TERM 1
`;

export interface ControllerPrograms {
  readonly controller: string;
  /** The program that the chart's preStop hook runs. */
  readonly waitShutdown: string;
  /** A folder with `rootfs/etc/nginx`, see `Tools`. */
  readonly module: string;
}

/** Makes an image of the ingress-nginx controller with this machine's nginx. Returns the path of its archive. */
export async function makeControllerImage(
  sandbox: Sandbox,
  programs: ControllerPrograms,
  names: readonly string[],
): Promise<string> {
  const folder = new ImageFolder(join(sandbox.state, "images", "controller"));
  const { root } = folder;
  await folder.addNginx();
  await folder.add(NGINX, "usr/bin/nginx"); // where the controller looks for it
  for (const module of modules) await folder.addProgram(`/usr/lib/nginx/modules/${module}.so`);
  for (const part of lua) await folder.add(part);
  await folder.addBusybox(["sh", "sleep", "cat", "grep", "netstat", "nc", "kill"]);
  await writeEtcNginx(programs.module, join(root, "etc/nginx"));
  await folder.add(programs.controller, "nginx-ingress-controller");
  await folder.add(programs.waitShutdown, "wait-shutdown");
  await folder.write("start", start, 0o755);
  await folder.write("bin/bash", bash, 0o755);
  // As in rootfs/Dockerfile of its repository.
  await folder.makeFolders("etc/ingress-controller/ssl", "etc/ingress-controller/auth", "etc/ingress-controller/geoip");
  await folder.makeFolders("etc/ingress-controller/telemetry", "tmp/nginx", "var/lib/nginx");
  await folder.write("etc/passwd", `www-data:x:${controllersUser}:${controllersUser}::/:/bin/sh\n`);
  await folder.write("etc/group", `www-data:x:${controllersUser}:\n`);
  const archive = `${root}.tar`;
  await writeImageArchive(
    {
      rootFolder: root,
      owner: controllersUser,
      names: names.map(fullImageName),
      entrypoint: ["/start"],
      user: controllersUser,
    },
    archive,
  );
  return archive;
}

/** Makes an image of one program that needs no other file. Returns the path of its archive. */
export async function makeProgramImage(sandbox: Sandbox, path: string, name: string, user: number): Promise<string> {
  const folder = new ImageFolder(join(sandbox.state, "images", name.replace(/.*\//, "").replace(/[@:].*/, "")));
  await folder.makeFolders("tmp");
  await folder.add(path, "program");
  const archive = `${folder.root}.tar`;
  await writeImageArchive(
    { rootFolder: folder.root, names: [fullImageName(name)], entrypoint: ["/program"], user },
    archive,
  );
  return archive;
}
