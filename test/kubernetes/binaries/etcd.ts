import { join } from "node:path";
import { unpackedPackage } from "./debian-package.ts";
import { onPath } from "./on-path.ts";

/** Path of etcd: an installed one, else the one of Debian's package. */
export async function findEtcd(): Promise<string> {
  return onPath("etcd") ?? join(await unpackedPackage("etcd-server"), "usr/bin/etcd");
}
