import { podAddresses } from "./address.ts";
import type { CniCache } from "./cni-cache.ts";
import { isAnothers } from "./cni-owner.ts";
import { mountedName } from "./cni-result.ts";
import { carriedOf, listed } from "./interfaces.ts";
import {
  distinct,
  lookInto,
  type MountedNamespace,
  mountedNamespaces,
  type SeenNamespace,
} from "./namespaces.ts";
import { networkAmbiguous, networkNotFound } from "./network-failure.ts";
import type { PodNetwork } from "./pod-network.ts";
import type { InterfaceSource, Surroundings, TargetPod } from "./target.ts";

type Folders = Pick<Surroundings, "netnsFolder" | "cniCacheFolder">;

/**
 * For a pod that the CNI cache does not know: the one namespace that carries the pod's IPs. Weaker than a
 * UID, so it takes all of them, in exactly one namespace that is not known to be another pod's.
 * @throws TargetFailure PodNetworkNotFound
 */
export async function networkByAddress(
  native: InterfaceSource,
  pod: TargetPod,
  cache: CniCache,
  folders: Folders,
): Promise<PodNetwork> {
  const addresses = podAddresses(pod);
  const all = await mountedNamespaces(folders.netnsFolder);
  const free = withoutOthers(all, cache, pod);
  const { carrying, closed } = await carryingAny(native, free, addresses);
  const [found, ...others] = distinct(carrying);
  if (found === undefined) {
    throw networkNotFound(pod, lookedAt({ all: all.length, free: free.length, closed }, cache, folders));
  }
  if (others.length > 0) {
    throw networkAmbiguous(pod, [found, ...others], "the CNI cache does not say which of them is the pod's");
  }
  const carried = carriedOf(found.interfaces, addresses);
  const missing = addresses.filter((address) => !carried.includes(address));
  if (missing.length > 0) {
    throw networkNotFound(pod, `${found.path} carries ${listed(carried)} but not ${listed(missing)}`);
  }
  return { ...found, cachedInterfaces: [] };
}

/** A namespace that is another pod's never counts: with NET_ADMIN that pod may have taken any address. */
function withoutOthers(
  all: readonly MountedNamespace[],
  { attachments }: CniCache,
  pod: TargetPod,
): MountedNamespace[] {
  const names = new Set(attachments.filter((known) => isAnothers(known, pod)).map(mountedName));
  const ids = new Set(all.filter(({ name }) => names.has(name)).map(({ id }) => id));
  return all.filter(({ id }) => !ids.has(id));
}

interface Carrying {
  carrying: SeenNamespace[];
  /** Why some could not be looked into. */
  closed: string[];
}

/** File names and error texts are long, and an Event has 1,024 characters. */
const MOST_CAUSES = 2;

/** One after the other: a node may have hundreds, and each look is a thread. */
async function carryingAny(
  native: InterfaceSource,
  namespaces: readonly MountedNamespace[],
  addresses: readonly string[],
): Promise<Carrying> {
  const carrying: SeenNamespace[] = [];
  const closed: string[] = [];
  for (const namespace of namespaces) {
    const seen = await lookInto(native, namespace);
    if (typeof seen === "string") closed.push(seen);
    else if (carriedOf(seen.interfaces, addresses).length > 0) carrying.push(seen);
  }
  return { carrying, closed };
}

function lookedAt(
  { all, free, closed }: { all: number; free: number; closed: readonly string[] },
  { attachments, skipped, unreadable }: CniCache,
  { netnsFolder, cniCacheFolder }: Folders,
): string {
  const torn = skipped.map(({ file, why }) => `${file}: ${why}`);
  const inCache =
    unreadable ?? `results of pods: ${attachments.length}, others: ${listed(torn, MOST_CAUSES) || "none"}`;
  const outOfReach = closed.length === 0 ? "" : `; not entered: ${listed(closed, MOST_CAUSES)}`;
  return (
    `the CNI cache ${cniCacheFolder} does not know the pod (${inCache}), and no namespace in ${netnsFolder} ` +
    `carries its IP (there: ${all}, of other pods: ${all - free}${outOfReach})`
  );
}
