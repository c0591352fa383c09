import { join } from "node:path";
import { findEtcd } from "./etcd.ts";
import { buildKubernetes } from "./kubernetes.ts";
import { isExecutable } from "./on-path.ts";

/** Paths of the programs of a control plane. */
export interface Binaries {
  etcd: string;
  kubeApiserver: string;
  kubectl: string;
}

/**
 * The programs in the folder KUBEBUILDER_ASSETS, where it is set; else Debian's etcd and a Kubernetes built
 * here, both kept in the cache.
 */
export async function findBinaries(): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets) return fromFolder(assets);
  const folder = await buildKubernetes("api");
  return {
    etcd: await findEtcd(),
    kubeApiserver: join(folder, "kube-apiserver"),
    kubectl: join(folder, "kubectl"),
  };
}

function fromFolder(folder: string): Binaries {
  const program = (name: string): string => {
    const path = join(folder, name);
    if (!isExecutable(path)) throw new Error(`KUBEBUILDER_ASSETS is ${folder}, but there is no ${name}`);
    return path;
  };
  return { etcd: program("etcd"), kubeApiserver: program("kube-apiserver"), kubectl: program("kubectl") };
}
