import type { PacketCapture, PacketCaptureStatus } from "../../api/resource.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import { keyOf } from "../../store/capture-store.ts";
import { mergePatch } from "../../store/kubernetes/merge-patch.ts";

/**
 * Writes once, on the version it was decided on. Not through the store, which repeats a write until the API
 * is back: an owner has had no chance to speak by then, and the answer would be false.
 * @throws KubernetesError 409 where somebody else was first
 */
export function writeAnswer(
  api: Pick<KubernetesApi, "patchMerge">,
  decidedOn: PacketCapture,
  status: PacketCaptureStatus,
): Promise<PacketCapture> {
  const { uid, resourceVersion } = decidedOn.metadata;
  return api.patchMerge<PacketCapture>(`${capturePath(keyOf(decidedOn))}/status`, {
    metadata: { uid, resourceVersion },
    status: mergePatch(decidedOn.status ?? {}, status),
  });
}
