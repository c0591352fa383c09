import { join } from "node:path";
import { unpackedPackage } from "./debian-package.ts";
import { buildKubernetes } from "./kubernetes.ts";

/** Paths of what makes a cluster out of an API server: controllers, a scheduler, and what runs on a node. */
export interface NodeBinaries {
  controllerManager: string;
  scheduler: string;
  kubelet: string;
  containerd: string;
  ctr: string;
  /** Folder of the CNI's plugins. */
  cniPlugins: string;
  /** Folders where containerd finds its shim and runc; the machine's own PATH comes after them. */
  path: string[];
}

/** Kubernetes built here; Debian's containerd, runc and CNI plugins, unpacked: one version everywhere. */
export async function findNodeBinaries(): Promise<NodeBinaries> {
  const built = await buildKubernetes("nodes");
  const programs = join(await unpackedPackage("containerd"), "usr/bin");
  const runc = join(await unpackedPackage("runc"), "usr/sbin");
  const plugins = join(await unpackedPackage("containernetworking-plugins"), "usr/lib/cni");
  return {
    controllerManager: join(built, "kube-controller-manager"),
    scheduler: join(built, "kube-scheduler"),
    kubelet: join(built, "kubelet"),
    containerd: join(programs, "containerd"),
    ctr: join(programs, "ctr"),
    cniPlugins: plugins,
    path: [programs, runc],
  };
}
