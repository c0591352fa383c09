import type { CaptureStore } from "../../store/capture-store.ts";
import { CaptureGone } from "../../store/kubernetes/kubernetes-store.ts";
import type { StopRequest } from "../session.ts";

/** The reason of a signal that stops a capture which nobody can see any more: nobody is left to tell. */
export const GONE: StopRequest = { reason: "Stopped", message: "The PacketCapture was deleted." };

/**
 * The store as the session of one capture sees it: another capture of the same name is nobody it knows, and
 * what waits for the API server gives up with CaptureGone when the capture is GONE.
 */
export function sessionStore(store: CaptureStore, uid: string, stop: AbortSignal): CaptureStore {
  return {
    ...store,
    read: (key) =>
      unlessGone(stop, async () => {
        const capture = await store.read(key);
        return capture?.metadata.uid === uid ? capture : undefined;
      }),
    writeStatus: (decidedOn, status) => unlessGone(stop, () => store.writeStatus(decidedOn, status)),
  };
}

async function unlessGone<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const leave = (): void => {
    if (stop.reason === GONE) reject(new CaptureGone("the PacketCapture is gone"));
  };
  leave();
  stop.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([gone, work()]);
  } finally {
    stop.removeEventListener("abort", leave);
  }
}
