import { globSync } from "node:fs";
import { join } from "node:path";
import { execute, mustExecute } from "../../helpers/execute.ts";
import { onPath } from "./on-path.ts";
import { onceInCache } from "./once-in-cache.ts";

/**
 * Path of etcd: an installed one, else the one of Debian's package, unpacked but not installed, because
 * the installation would start a service.
 */
export async function findEtcd(): Promise<string> {
  const installed = onPath("etcd");
  if (installed !== undefined) return installed;
  return join(await onceInCache("etcd", unpack), "usr/bin/etcd");
}

async function unpack(folder: string): Promise<void> {
  const download = ["sh", "-c", 'cd "$1" && apt-get -qq download etcd-server', "sh", folder];
  if ((await execute(download)).code !== 0) {
    await mustExecute(["apt-get", "-qq", "update"]);
    await mustExecute(download);
  }
  const [archive = ""] = globSync(join(folder, "etcd-server_*.deb"));
  await mustExecute(["dpkg-deb", "--extract", archive, folder]);
}
