import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import type { EventRecorder } from "../../kubernetes/events.ts";
import type { ResolvedTarget } from "../../target/target.ts";

/** An audit trail where the owner of the pod looks: that somebody records its traffic, and by which capture. */
export function recordOnPod(
  events: Pick<EventRecorder, "record">,
  { metadata, spec }: PacketCapture,
  { podUID, interfaceName }: ResolvedTarget,
): void {
  if (podUID === undefined) return;
  const { targetNamespace: namespace = "", targetPod: name = "" } = spec;
  events.record(
    { apiVersion: "v1", kind: "Pod", namespace, name, uid: podUID },
    {
      type: "Normal",
      reason: "TrafficRecorded",
      message: `The traffic of this pod on ${interfaceName} is being recorded by ${KIND} ${metadata.namespace}/${metadata.name} (${API_VERSION}, uid ${metadata.uid}).`,
    },
  );
}
