import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A folder outside the checkout for what takes long to get and never changes; made where it is missing. */
export function cacheFolder(): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pcapper");
  mkdirSync(folder, { recursive: true });
  return folder;
}
