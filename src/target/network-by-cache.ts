import { podAddresses } from "./address.ts";
import { type CniAttachment, mountedName } from "./cni-result.ts";
import { carriedOf, listed } from "./interfaces.ts";
import { distinct, lookInto, mountedNamespace, type SeenNamespace } from "./namespaces.ts";
import { networkAmbiguous, networkNotFound } from "./network-failure.ts";
import type { PodNetwork } from "./pod-network.ts";
import type { InterfaceSource, TargetPod } from "./target.ts";

/**
 * The cache says which namespace, the pod's IP confirms it. A sandbox that was not taken down in order
 * leaves its result behind, so there may be several; one IP of a dual-stack pod is enough, for a pod may
 * switch IPv6 off.
 * @param own results that have the pod's UID
 * @throws TargetFailure PodNetworkNotFound where the two disagree
 */
export async function networkByCache(
  native: InterfaceSource,
  pod: TargetPod,
  own: readonly CniAttachment[],
  netnsFolder: string,
): Promise<PodNetwork> {
  const addresses = podAddresses(pod);
  const confirmed: SeenNamespace[] = [];
  const doubts: string[] = [];
  for (const [path, name] of pathsOf(own)) {
    const namespace = name === undefined ? undefined : mountedNamespace(netnsFolder, name);
    const seen = namespace === undefined ? `not in ${netnsFolder}` : await lookInto(native, namespace);
    if (typeof seen === "string") doubts.push(`${path} (${seen})`);
    else if (carriedOf(seen.interfaces, addresses).length > 0) confirmed.push(seen);
    else doubts.push(`${path} (it carries ${addressesOf(seen)})`);
  }
  const [found, ...others] = distinct(confirmed);
  if (found === undefined) {
    throw networkNotFound(pod, `by the CNI cache it is ${listed(doubts, MOST_DOUBTS)}, which does not fit`);
  }
  if (others.length > 0) {
    throw networkAmbiguous(pod, [found, ...others], "the CNI cache and the IP name them all");
  }
  const here = own.filter((attachment) => mountedName(attachment) === found.name);
  return { ...found, cachedInterfaces: here.map(({ interfaceName }) => interfaceName) };
}

/** Each tells of all addresses of a namespace, and an Event has 1,024 characters. */
const MOST_DOUBTS = 2;

/** Path on the host → name in the mounted folder; a pod has one result for each of its networks. */
function pathsOf(own: readonly CniAttachment[]): Map<string, string | undefined> {
  return new Map(own.map((attachment) => [attachment.namespacePath, mountedName(attachment)]));
}

const MOST_ADDRESSES = 4;

function addressesOf({ interfaces }: SeenNamespace): string {
  const outside = interfaces.filter(({ loopback }) => !loopback);
  return (
    listed(
      outside.flatMap(({ addresses }) => addresses),
      MOST_ADDRESSES,
    ) || "no address"
  );
}
