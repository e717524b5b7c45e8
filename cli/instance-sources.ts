import { z } from "zod";
import { type InstancesDirectory, readInstancesDirectory } from "../settings/instances-directory";
import type { HostsByName, InstanceSources } from "../settings/known-instances";
import { readPulumi } from "./pulumi";

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
      if (missing.length > 0) last ??= hostsOfLastUp(project, stack);
      return last ?? new Map();
    },
  };
}

/** The hosts in the stack's output `maintenance`; none where Pulumi does not tell, and then the list's own message says what is wrong. */
function hostsOfLastUp(project: string, stack: string): HostsByName {
  try {
    const text = readPulumi(["stack", "output", "maintenance", "--json", "--stack", stack], project);
    return new Map(appliedSchema.parse(JSON.parse(text)).map(({ instance, hosts }) => [instance, hosts]));
  } catch {
    return new Map();
  }
}

const appliedSchema = z.array(z.object({ instance: z.string(), hosts: z.array(z.string()) }));
