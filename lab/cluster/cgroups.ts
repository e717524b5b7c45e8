import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A mounted cgroup hierarchy: version 1 has one for each controller or group of them, version 2 a single one. */
interface Hierarchy {
  readonly folder: string;
  readonly version: 1 | 2;
}

function hierarchies(): readonly Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    // "... mount-point options - type source options", see proc_pid_mountinfo(5)
    const [before = "", after = ""] = line.split(" - ");
    const folder = before.split(" ")[4];
    const type = after.split(" ")[0];
    if (folder !== undefined && (type === "cgroup" || type === "cgroup2")) {
      found.push({ folder, version: type === "cgroup" ? 1 : 2 });
    }
  }
  return found;
}

/**
 * Makes the cgroup that the node's pods go under (kubelet's `cgroupRoot` has to exist). With kubelet's default, the
 * machine's root, two clusters on one machine would share their pods' cgroups, and nobody would remove them.
 */
export async function makeCgroup(name: string): Promise<void> {
  for (const { folder, version } of hierarchies()) {
    await mkdir(join(folder, name), { recursive: true });
    if (version === 2) {
      // A cgroup has only the controllers that its parent hands down; those that are missing fail kubelet's own check.
      for (const controller of ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"]) {
        await writeFile(join(folder, "cgroup.subtree_control"), `+${controller}`).catch(() => {});
      }
    }
  }
}

/** Removes that cgroup with all below it; its processes must have ended. Never throws: an empty cgroup does no harm. */
export async function removeCgroup(name: string): Promise<void> {
  for (const { folder } of hierarchies()) {
    const cgroup = join(folder, name);
    // The kernel lets go of a dead process's cgroup a moment after the process itself.
    for (let attempt = 0; attempt < 20 && existsSync(cgroup); attempt += 1) {
      await removeTree(cgroup);
      if (existsSync(cgroup)) {
        await sleep(100);
      }
    }
  }
}

/** The files in a cgroup cannot be removed, and go with their folder; so this is rmdir from the leaves up. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) {
      await removeTree(join(folder, entry.name));
    }
  }
  await rmdir(folder).catch(() => {});
}
