import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "../kubernetes/binaries/cache-folder.ts";

/** Where one cluster keeps what it has, and how its parts are named on this machine. */
export interface ClusterPlace {
  /** Unique on this machine: another checkout's cluster of the same name is another one. */
  id: string;
  folder: string;
  logs: string;
  /** A file for kubectl, helm and pcapper, good on this machine as long as the cluster is up. */
  kubeconfig: string;
  /** Path of its cgroup below each hierarchy. */
  cgroup: string;
}

const ROOT = join(import.meta.dirname, "../..");

/** By name: `dev` is the one for trying things by hand, `test` the one of the tests. */
export function clusterPlace(name: string): ClusterPlace {
  const checkout = createHash("sha256").update(ROOT).digest("hex").slice(0, 6);
  const id = `${name}-${checkout}`;
  const folder = join(cacheFolder(), "clusters", id);
  return {
    id,
    folder,
    logs: join(folder, "logs"),
    kubeconfig: join(folder, "kubeconfig"),
    cgroup: `pcapper-${id}`,
  };
}
