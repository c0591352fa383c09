import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import { type KubernetesApi, KubernetesError } from "../../kubernetes/api.ts";
import { createBackoff } from "../../kubernetes/backoff.ts";
import type { EventRecorder } from "../../kubernetes/events.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import { type CaptureStore, keyOf, StatusConflict } from "../capture-store.ts";
import { mergePatch } from "./status-patch.ts";

/** The resource is gone, or another has its name by now: nobody is left to tell. */
export class CaptureGone extends Error {
  override name = "CaptureGone";
}

/**
 * Captures on the API server. What cannot be said because the API is away is said when it is back: a write
 * waits as long as it takes, and only a conflict or a deletion ends it otherwise.
 */
export function createKubernetesStore(
  api: KubernetesApi,
  events: EventRecorder,
  onEvent: (capture: PacketCapture, event: Parameters<CaptureStore["recordEvent"]>[1]) => void,
  signal: AbortSignal,
): CaptureStore {
  const persist = async <T>(ask: () => Promise<T>): Promise<T> => {
    const backoff = createBackoff(signal);
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!isPassing(error) || signal.aborted) throw error;
        await backoff.wait(error.retryAfter);
      }
    }
  };

  return {
    read: (key) => persist(() => api.get<PacketCapture>(capturePath(key))),
    writeStatus: async (decidedOn, status) => {
      const { uid, resourceVersion } = decidedOn.metadata;
      // With uid and version in it, the API server writes only on what this was decided on.
      const body = { metadata: { uid, resourceVersion }, status: mergePatch(decidedOn.status ?? {}, status) };
      try {
        return await persist(() =>
          api.patchMerge<PacketCapture>(`${capturePath(keyOf(decidedOn))}/status`, body),
        );
      } catch (error) {
        const { name } = decidedOn.metadata;
        if (!(error instanceof KubernetesError)) throw error;
        if (error.status === 404) throw new CaptureGone(`${name} is gone`, { cause: error });
        if (error.status !== 409) throw error;
        const now = await persist(() => api.get<PacketCapture>(capturePath(keyOf(decidedOn))));
        if (now?.metadata.uid !== uid) throw new CaptureGone(`${name} is gone`, { cause: error });
        throw new StatusConflict(`${name} is no longer at version ${resourceVersion}`, { cause: error });
      }
    },
    recordEvent: (capture, event) => {
      const { namespace = "", name, uid = "" } = capture.metadata;
      events.record({ apiVersion: API_VERSION, kind: KIND, namespace, name, uid }, event);
      onEvent(capture, event);
    },
  };
}

/** Away, overloaded, or (403 and 401 while rights are being changed) not sure of us. */
function isPassing(error: unknown): error is KubernetesError {
  if (!(error instanceof KubernetesError)) return false;
  const { status } = error;
  return status === 0 || status === 401 || status === 403 || status === 429 || status >= 500;
}
