import type { PacketCapture, PacketCaptureStatus } from "../api/resource.ts";

/** Which capture: names as in the resource's metadata. */
export interface CaptureKey {
  namespace: string;
  name: string;
}

export function keyOf({ metadata }: PacketCapture): CaptureKey {
  return { namespace: metadata.namespace ?? "", name: metadata.name };
}

/** Something a person should read about a capture: an Event in a cluster, a log line without one. */
export interface CaptureEvent {
  type: "Normal" | "Warning";
  /** One CamelCase word. */
  reason: string;
  message: string;
}

/** Where captures and their status live. Both the cluster and plain files can say all of this. */
export interface CaptureStore {
  /** Afresh, not from a cache; undefined where there is none. */
  read(key: CaptureKey): Promise<PacketCapture | undefined>;
  /**
   * Replaces the status of `decidedOn`, if nothing changed since it was read.
   * @returns the resource as it is now
   * @throws StatusConflict where its resourceVersion is no longer the current one
   */
  writeStatus(decidedOn: PacketCapture, status: PacketCaptureStatus): Promise<PacketCapture>;
  /** Never throws: an event that cannot be recorded must not end a capture. */
  recordEvent(capture: PacketCapture, event: CaptureEvent): void;
}

/** Somebody else wrote the resource since it was read: look again. */
export class StatusConflict extends Error {
  override name = "StatusConflict";
}
