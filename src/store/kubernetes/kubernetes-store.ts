import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { type BackoffRange, createBackoff } from "../../kubernetes/backoff.ts";
import type { EventRecorder } from "../../kubernetes/events.ts";
import { isApiMissing, isTransient } from "../../kubernetes/kubernetes-error.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import type { CaptureEvent, CaptureStore } from "../capture-store.ts";
import { createStatusWriter } from "./status-writer.ts";

export { CaptureGone } from "./status-writer.ts";

/**
 * Captures on the API server. What cannot be read or said because the API is away waits until it is back,
 * as long as it takes; the signal ends the waiting. `onEvent` hears of each event at once.
 */
export function createKubernetesStore(
  api: Pick<KubernetesApi, "get" | "patchMerge" | "onReturn">,
  events: Pick<EventRecorder, "record">,
  onEvent: (capture: PacketCapture, event: CaptureEvent) => void,
  signal: AbortSignal,
  range?: BackoffRange,
): CaptureStore {
  return {
    read: async (key) => {
      const backoff = createBackoff(signal, { onReturn: api.onReturn, range });
      for (;;) {
        signal.throwIfAborted();
        try {
          return await api.get<PacketCapture>(capturePath(key));
        } catch (error) {
          if (!isTransient(error) && !isApiMissing(error)) throw error;
          await backoff.wait(error);
        }
      }
    },
    writeStatus: createStatusWriter(api, signal, range),
    recordEvent: (capture, event) => {
      const { namespace = "", name, uid = "" } = capture.metadata;
      events.record({ apiVersion: API_VERSION, kind: KIND, namespace, name, uid }, event);
      onEvent(capture, event);
    },
  };
}
