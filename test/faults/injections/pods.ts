import { ApiError } from "../../kubernetes/api-client.ts";
import { removePod } from "../../kubernetes/objects.ts";
import { persistent } from "../persistent.ts";
import type { PlannedFault } from "../scenario.ts";
import { PODS, type Site, type SitePod } from "../site.ts";
import type { Inject, Scene } from "./inject.ts";

/** The API server's half only: its network stays a while, as it does on a real node. */
export const podDeleted: Inject = async (scene, fault) => {
  const { pod } = podOf(scene, fault);
  if (pod !== undefined) await deletePod(scene.site, pod);
  return () => undefined;
};

/** Another pod of the same name, on another network. */
export const podReplaced: Inject = async (scene, fault) => {
  const { pod, index } = podOf(scene, fault);
  if (pod === undefined) return () => undefined;
  await deletePod(scene.site, pod);
  takeNetwork(scene.site, pod);
  await scene.site.makePod(index);
  return () => undefined;
};

/** The kernel's half only: nobody has told the API server yet. */
export const podNetworkGone: Inject = async (scene, fault) => {
  const { pod } = podOf(scene, fault);
  if (pod !== undefined) takeNetwork(scene.site, pod);
  return () => undefined;
};

function podOf({ site, streamOf }: Scene, fault: PlannedFault): { pod: SitePod | undefined; index: number } {
  const index = Number(/^pod-(\d+)$/.exec(streamOf(fault))?.[1] ?? -1);
  return { pod: site.pods[index], index };
}

function deletePod({ server }: Site, { name }: SitePod): Promise<void> {
  return persistent(async () => {
    try {
      await removePod(server.admin, PODS, name);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  });
}

function takeNetwork({ cniNode }: Site, { name, network }: SitePod): void {
  cniNode.unmount(name);
  network.network.remove();
}
