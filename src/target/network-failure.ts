import { podAddresses } from "./address.ts";
import { listed } from "./interfaces.ts";
import type { MountedNamespace } from "./namespaces.ts";
import { TargetFailure, type TargetPod } from "./target.ts";

export function networkNotFound(pod: TargetPod, why: string): TargetFailure {
  return new TargetFailure("PodNetworkNotFound", `the network of ${title(pod)} was not found: ${why}.`);
}

export function networkAmbiguous(
  pod: TargetPod,
  found: readonly MountedNamespace[],
  why: string,
): TargetFailure {
  const paths = listed(found.map(({ path }) => path));
  return new TargetFailure(
    "PodNetworkNotFound",
    `the network of ${title(pod)} may be any of ${paths}: ${why}.`,
  );
}

function title(pod: TargetPod): string {
  return `pod ${pod.metadata.namespace}/${pod.metadata.name} (${listed(podAddresses(pod))})`;
}
