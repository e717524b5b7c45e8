import { type InstancesDirectory, readInstancesDirectory } from "../settings/instances-directory";
import type { HostsByName, InstanceSources } from "../settings/known-instances";
import { hostsOfLastUp } from "./records";

/** Where a command has its instances from. Each source is read when it is needed first, and once: nothing changes in the middle of a command. */
export function instanceSources(project: string, stack: string): InstanceSources {
  const directories = new Map<string, InstancesDirectory>();
  let last: HostsByName | undefined;
  return {
    readDirectory(path) {
      const read = directories.get(path) ?? readInstancesDirectory(path, project);
      directories.set(path, read);
      return read;
    },
    hostsOfLastUp(missing) {
      // Without an answer of Pulumi the list's own message says what is wrong.
      if (missing.length > 0) last ??= hostsOfLastUp(project, stack);
      return last ?? new Map();
    },
  };
}
