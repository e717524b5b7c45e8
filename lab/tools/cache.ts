import { homedir } from "node:os";
import { join } from "node:path";

/** Where built and downloaded tools are kept between runs and clones. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "maintenance-pages");
}
