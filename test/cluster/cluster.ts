import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../helpers/execute.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { type ApiClient, makeApiClient } from "../kubernetes/api-client.ts";
import { findBinaries } from "../kubernetes/binaries/binaries.ts";
import { findNodeBinaries } from "../kubernetes/binaries/node-binaries.ts";
import { kubeconfigText } from "../kubernetes/kubeconfig.ts";
import { NODES } from "./addresses.ts";
import { killProcesses, removeCgroup } from "./cgroups.ts";
import { API_SERVER, type Programs, startControlPlane } from "./control-plane.ts";
import { daemonPid } from "./daemon.ts";
import { holdNetwork } from "./holder.ts";
import { archiveImages, type Built, buildImages, IMAGE_NAMES } from "./images/images.ts";
import { layControlPlaneNetwork, layNodeNetwork } from "./network.ts";
import { importImages, makeNode, startContainerd, startKubelet } from "./node.ts";
import { writeNodeFiles } from "./node-files.ts";
import type { ClusterPlace } from "./place.ts";

/** A real cluster of two nodes in namespaces of this machine: no registry, no virtual machine. */

export async function findPrograms(): Promise<Programs> {
  return { ...(await findBinaries()), ...(await findNodeBinaries()) };
}

/** Brings a cluster up that is not there; resolves when both nodes are Ready. `say` hears what is being done. */
export async function startCluster(place: ClusterPlace, say: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("A cluster needs root: namespaces, mounts and cgroups.");
  say("programs");
  const programs = await findPrograms();
  say("images");
  const images = await buildImages();
  await stopCluster(place);
  mkdirSync(place.logs, { recursive: true });
  say("control plane");
  const holder = await holdNetwork(place, "control-plane");
  await layControlPlaneNetwork(holder);
  const { admin, ofNode } = await startControlPlane(place, holder, programs);
  const { cniPlugins } = programs;
  for (const node of NODES) {
    say(node.name);
    writeNodeFiles(place, { node, access: ofNode(node.name), cniPlugins, sandboxImage: IMAGE_NAMES.tools });
    await layNodeNetwork(holder, await makeNode(place, node), node);
    await startContainerd(place, node, programs);
  }
  await loadImages(place, programs, images);
  for (const node of NODES) startKubelet(place, node, programs);
  await nodesReady(makeApiClient(admin));
  // Its presence says that the cluster is up.
  writeFileSync(place.kubeconfig, kubeconfigText(admin), { mode: 0o600 });
}

/** Ends and removes all there is of a cluster, also of one that came up halfway or crashed. */
export async function stopCluster(place: ClusterPlace): Promise<void> {
  await killProcesses(place.cgroup);
  await removeCgroup(place.cgroup);
  await mustExecute(["rm", "-rf", "--one-file-system", place.folder]);
}

/** Gives all nodes the images as they are now. */
export async function loadImages(place: ClusterPlace, programs: Programs, images: Built): Promise<void> {
  const folder = join(place.folder, "images");
  for (const archive of await archiveImages(images, folder)) {
    for (const node of NODES) await importImages(place, node, programs, archive);
  }
  rmSync(folder, { recursive: true });
}

export function isUp(place: ClusterPlace): boolean {
  return existsSync(place.kubeconfig) && daemonPid(place, API_SERVER) !== undefined;
}

interface StoredNode {
  status: { conditions?: { type: string; status: string }[] };
}

async function nodesReady(admin: ApiClient): Promise<void> {
  const ready = async (): Promise<boolean> => {
    const { items } = await admin.get<{ items: StoredNode[] }>("/api/v1/nodes");
    const isReady = ({ status }: StoredNode): boolean =>
      status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    return items.filter(isReady).length === NODES.length;
  };
  try {
    await waitUntil("both nodes are Ready", ready, 120);
  } finally {
    admin.close();
  }
}
