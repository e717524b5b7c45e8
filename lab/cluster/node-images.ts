import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, tryCommand } from "./commands";
import { fullImageName, writeImageArchive } from "./image";
import { ImageFolder, NGINX } from "./image-folder";
import type { Sandbox } from "./sandbox";

/** The name of the image that holds a pod's namespaces. No registry has it: it is in the node's own store. */
export const PAUSE_IMAGE = "maintenance-pages.local/pause:1";

/** As process 1 of a pod it has to end when asked (the kernel ignores unhandled signals there), and to reap orphans. */
const pauseSource = `
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) {} }

int main(void) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
`;

/** Like the official unprivileged image's: port 8080, sites from conf.d, all that is written goes to /tmp. */
const nginxConfiguration = `
pid /tmp/nginx.pid;
error_log /var/log/nginx/error.log notice;
events {}
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log;
  client_body_temp_path /tmp/client_temp;
  proxy_temp_path /tmp/proxy_temp;
  fastcgi_temp_path /tmp/fastcgi_temp;
  uwsgi_temp_path /tmp/uwsgi_temp;
  scgi_temp_path /tmp/scgi_temp;
  include /etc/nginx/conf.d/*.conf;
}
`;

/** Makes the pause image. Returns the path of its archive. */
export async function makePauseImage(sandbox: Sandbox): Promise<string> {
  const rootFolder = join(sandbox.state, "images", "pause");
  await mkdir(rootFolder, { recursive: true });
  const source = `${rootFolder}.c`;
  await writeFile(source, pauseSource);
  await runCommand("gcc", ["-static", "-Os", "-s", "-o", join(rootFolder, "pause"), source]);
  const archive = `${rootFolder}.tar`;
  await writeImageArchive({ rootFolder, names: [PAUSE_IMAGE], entrypoint: ["/pause"], user: 65535 }, archive);
  return archive;
}

/**
 * Makes an image of this machine's nginx and the programs its pods may call (a shell, `sleep` for preStop hooks). It is
 * a stand-in for the official images under whose names it goes, so that a node without a way to any registry has them.
 *
 * @returns the path of its archive and nginx's version
 */
export async function makeNginxImage(
  sandbox: Sandbox,
  names: readonly string[],
): Promise<{ readonly archive: string; readonly version: string }> {
  const folder = new ImageFolder(join(sandbox.state, "images", "nginx"));
  const { root } = folder;
  await folder.makeFolders("etc/nginx/conf.d", "run", "usr/share/nginx/html", "var/cache/nginx", "var/lib/nginx");
  await folder.addNginx();
  await folder.addBusybox(["sh", "sleep", "awk", "grep", "sed", "cat", "ls", "nc"]);
  await folder.write("etc/nginx/nginx.conf", nginxConfiguration);
  await folder.write("etc/passwd", "root:x:0:0::/:/bin/sh\nnginx:x:101:101::/:/bin/sh\n");
  await folder.write("etc/group", "root:x:0:\nnginx:x:101:\n");
  const authorities = "/etc/ssl/certs/ca-certificates.crt";
  if (existsSync(authorities)) {
    await folder.add(authorities);
  }

  const archive = `${root}.tar`;
  await writeImageArchive(
    {
      rootFolder: root,
      names: [...new Set(names.map(fullImageName))],
      entrypoint: [NGINX, "-g", "daemon off;"],
      user: 101,
      stopSignal: "SIGQUIT", // a graceful end of nginx, as in the official images
    },
    archive,
  );
  const version = /nginx\/(\S+)/.exec((await tryCommand(NGINX, ["-v"])).output)?.[1] ?? "of unknown version";
  return { archive, version };
}
