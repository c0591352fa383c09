import type { PacketCapture } from "../api/resource.ts";
import type { StopRequest } from "./session.ts";

/**
 * Whether people want a capture to end: `spec.stop`, or its deletion, also while a finalizer keeps the resource.
 * @param when the end of the sentence, for example " while the agent was gone"
 */
export function wantedStop(
  { metadata, spec }: Pick<PacketCapture, "metadata" | "spec">,
  when = "",
): StopRequest | undefined {
  if (metadata.deletionTimestamp !== undefined) {
    return { reason: "Stopped", message: `The PacketCapture was deleted${when}.` };
  }
  return spec.stop === true ? { reason: "Stopped", message: `spec.stop was set to true${when}.` } : undefined;
}
