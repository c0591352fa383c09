import type { CniAttachment } from "./cni-result.ts";
import type { TargetPod } from "./target.ts";

/** Whether the runtime attached this very pod. By UID only: another pod may have had the name. */
export function isOf({ pod: { uid } }: CniAttachment, pod: TargetPod): boolean {
  return uid !== undefined && uidsOf(pod).includes(uid);
}

export function isAnothers({ pod: known }: CniAttachment, pod: TargetPod): boolean {
  if (known.uid !== undefined) return !uidsOf(pod).includes(known.uid);
  return known.name !== pod.metadata.name || known.namespace !== pod.metadata.namespace;
}

/** A static pod has another UID on its node (the hash of its file) than in the API. */
function uidsOf({ metadata }: TargetPod): string[] {
  const hash = metadata.annotations?.["kubernetes.io/config.hash"];
  return hash === undefined ? [metadata.uid] : [metadata.uid, hash];
}
