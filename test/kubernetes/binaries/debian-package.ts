import { globSync } from "node:fs";
import { join } from "node:path";
import { execute, mustExecute } from "../../helpers/execute.ts";
import { onceInCache } from "./once-in-cache.ts";

/**
 * Folder with the files of a Debian package, unpacked but not installed: an installation would start its
 * service, or take the place of what the machine has (Docker's containerd).
 */
export function unpackedPackage(name: string): Promise<string> {
  return onceInCache(name, (folder) => unpack(name, folder));
}

async function unpack(name: string, folder: string): Promise<void> {
  const download = ["sh", "-c", 'cd "$1" && apt-get -qq download "$2"', "sh", folder, name];
  if ((await execute(download)).code !== 0) {
    await mustExecute(["apt-get", "-qq", "update"]);
    await mustExecute(download);
  }
  const [archive = ""] = globSync(join(folder, `${name}_*.deb`));
  await mustExecute(["dpkg-deb", "--extract", archive, folder]);
}
