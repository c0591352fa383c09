import { readCniCache } from "./cni-cache.ts";
import { isOf } from "./cni-owner.ts";
import type { SeenNamespace } from "./namespaces.ts";
import { networkByAddress } from "./network-by-address.ts";
import { networkByCache } from "./network-by-cache.ts";
import type { InterfaceSource, Surroundings, TargetPod } from "./target.ts";

export interface PodNetwork extends SeenNamespace {
  /** Interfaces that the CNI cache names for this pod; empty where it was found by its IP. */
  cachedInterfaces: string[];
}

/** @throws TargetFailure PodNetworkNotFound with what was looked at */
export async function findPodNetwork(
  native: InterfaceSource,
  pod: TargetPod,
  { netnsFolder, cniCacheFolder }: Pick<Surroundings, "netnsFolder" | "cniCacheFolder">,
): Promise<PodNetwork> {
  const cache = await readCniCache(cniCacheFolder);
  const own = cache.attachments.filter((attachment) => isOf(attachment, pod));
  if (own.length > 0) return networkByCache(native, pod, own, netnsFolder);
  return networkByAddress(native, pod, cache, { netnsFolder, cniCacheFolder });
}
