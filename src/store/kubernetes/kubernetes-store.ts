import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { type BackoffRange, createBackoff } from "../../kubernetes/backoff.ts";
import type { EventRecorder } from "../../kubernetes/events.ts";
import { isTransient } from "../../kubernetes/kubernetes-error.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import type { CaptureEvent, CaptureStore } from "../capture-store.ts";
import { createStatusWriter } from "./status-writer.ts";

export { CaptureGone } from "./status-writer.ts";

/**
 * Captures on the API server. What cannot be read or said because the API is away waits until it is back,
 * as long as it takes; the signal ends the waiting. `onEvent` hears of each event at once.
 */
export function createKubernetesStore(
  api: Pick<KubernetesApi, "get" | "patchMerge">,
  events: Pick<EventRecorder, "record">,
  onEvent: (capture: PacketCapture, event: CaptureEvent) => void,
  signal: AbortSignal,
  backoff?: BackoffRange,
): CaptureStore {
  return {
    read: async (key) => {
      const wait = createBackoff(signal, backoff);
      for (;;) {
        signal.throwIfAborted();
        try {
          return await api.get<PacketCapture>(capturePath(key));
        } catch (error) {
          if (!isTransient(error)) throw error;
          await wait.wait(error.retryAfter);
        }
      }
    },
    writeStatus: createStatusWriter(api, signal, backoff),
    recordEvent: (capture, event) => {
      const { namespace = "", name, uid = "" } = capture.metadata;
      events.record({ apiVersion: API_VERSION, kind: KIND, namespace, name, uid }, event);
      onEvent(capture, event);
    },
  };
}
