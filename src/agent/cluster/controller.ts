import { setTimeout as pause } from "node:timers/promises";
import type { PacketCapture } from "../../api/resource.ts";
import { keyOf } from "../../store/capture-store.ts";
import { CaptureGone } from "../../store/kubernetes/kubernetes-store.ts";
import { podEnd } from "../../target/pod-obstacle.ts";
import type { ResolvedTarget, TargetPod } from "../../target/target.ts";
import { type NamespaceWatch, watchNamespace } from "../../target/watch-namespace.ts";
import { specProblem } from "../answers/spec-problem.ts";
import { reconcile } from "../reconcile.ts";
import { runSession, type StopRequest } from "../session.ts";
import { wantedStop } from "../wanted-stop.ts";
import { type ClusterWorld, clusterSession, targetIsHere } from "./cluster-session.ts";
import { GONE } from "./session-store.ts";
import { createWorkers } from "./workers.ts";

/** What the controller hears of the world, and whom it tells. */
export interface ControllerWorld {
  shared: Omit<ClusterWorld, "onRunning">;
  /** The newest copy there is, of the captures without an owner and of this node's own. */
  known(uid: string): PacketCapture | undefined;
  /** All captures that nobody has claimed. */
  unowned(): PacketCapture[];
  /** Whether nobody can see or stop the capture any more: asked of the API server, not of a copy. */
  isGone(capture: PacketCapture): Promise<boolean>;
  /** An engine runs for this capture now. */
  onRunning(capture: PacketCapture, target: ResolvedTarget): void;
  /** A session is over. `undefined`: the capture is gone. */
  onEnded(uid: string, capture: PacketCapture | undefined): void;
  onError(capture: PacketCapture | undefined, error: Error): void;
}

export interface Controller {
  captureChanged(uid: string, capture: PacketCapture | undefined, before: PacketCapture | undefined): void;
  podChanged(pod: TargetPod, isGone: boolean): void;
  /** Captures cannot be listed: their definition may be gone, and they with it. */
  apiMissing(): void;
  isAtWork(uid: string): boolean;
  /** Asks all sessions to end, and waits. */
  close(request: StopRequest): Promise<void>;
}

/** A capture that runs, and what would end it. */
interface Running {
  podUID: string | undefined;
  watch: NamespaceWatch | undefined;
}

/** Milliseconds between two questions while the API server does not answer. */
const ASK_AGAIN = 2000;

/** One worker a capture, by uid; what changes wakes or stops it. */
export function createController(world: ControllerWorld): Controller {
  const running = new Map<string, Running>();

  const onRunning = (capture: PacketCapture, target: ResolvedTarget): void => {
    const { uid = "" } = capture.metadata;
    if (running.has(uid)) return;
    const gone = (message: string) => workers.stop(uid, { reason: "TargetGone", message });
    const { networkNamespace, namespaceId, podUID } = target;
    const watch = networkNamespace === "" ? undefined : watchNamespace(networkNamespace, namespaceId, gone);
    running.set(uid, { podUID, watch });
    world.onRunning(capture, target);
    // Either may have come while the engine opened.
    const request = wantedStop(world.known(uid) ?? capture);
    if (request !== undefined) workers.stop(uid, request);
    const { targetNamespace: namespace = "", targetPod: name = "" } = capture.spec;
    const pod = podUID === undefined ? undefined : world.shared.podOf(namespace, name);
    if (podUID !== undefined && (pod?.metadata.uid !== podUID || podEnd(pod) !== undefined))
      gone(podGone(namespace, name));
  };

  const workOn = async (uid: string, stop: AbortSignal): Promise<void> => {
    const capture = world.known(uid);
    if (capture === undefined) return;
    // What is claimed was good enough for an API server; a newer one may know more fields.
    if (capture.status?.progress === undefined && specProblem(capture) !== undefined) return;
    const shared: ClusterWorld = { ...world.shared, onRunning };
    const known = {
      node: shared.settings.node,
      targetIsHere: targetIsHere(shared, capture),
      engine: "none",
    } as const;
    if (reconcile(capture, known).do === "nothing") return;
    const session = clusterSession(shared, uid, stop);
    let ended: PacketCapture | undefined;
    try {
      ended = await runSession(session.world, keyOf(capture));
    } catch (error) {
      if (!(error instanceof CaptureGone)) throw error;
    } finally {
      running.get(uid)?.watch?.stop();
      running.delete(uid);
      await session.close(ended);
    }
    world.onEnded(uid, ended);
  };

  const work = async (uid: string, stop: AbortSignal): Promise<void> => {
    try {
      await workOn(uid, stop);
    } finally {
      // Also where it came to nothing before it had its room.
      world.shared.resumeFirst.placed(uid);
    }
  };

  const workers = createWorkers(work, (uid, error) => world.onError(world.known(uid), error));

  /** Captures that are being asked for. */
  const asking = new Set<string>();

  /** Asked until there is an answer, or nothing is left to stop. */
  const stopIfGone = async (uid: string, capture: PacketCapture): Promise<void> => {
    if (asking.has(uid)) return;
    asking.add(uid);
    while (workers.isAtWork(uid)) {
      try {
        if (await world.isGone(capture)) workers.stop(uid, GONE);
        break;
      } catch {
        await pause(ASK_AGAIN);
      }
    }
    asking.delete(uid);
  };

  return {
    captureChanged: (uid, capture, before) => {
      if (capture === undefined) {
        // Out of one list, and into the other perhaps: only the API server knows.
        if (workers.isAtWork(uid) && before !== undefined && world.known(uid) === undefined) {
          void stopIfGone(uid, before);
        }
        return;
      }
      const request = wantedStop(capture);
      // Also while it opens, which takes as long as a resolver or a disk does.
      if (request !== undefined) workers.stop(uid, request);
      if (!running.has(uid)) workers.wake(uid);
    },
    podChanged: (pod, isGone) => {
      const { namespace, name, uid } = pod.metadata;
      if (isGone || podEnd(pod) !== undefined) {
        for (const [capture, { podUID }] of running) {
          if (podUID !== uid) continue;
          workers.stop(capture, { reason: "TargetGone", message: podGone(namespace, name) });
        }
        return;
      }
      for (const {
        spec,
        metadata: { uid: capture = "" },
      } of world.unowned()) {
        if (spec.targetNamespace === namespace && spec.targetPod === name) workers.wake(capture);
      }
    },
    apiMissing: () => {
      for (const uid of running.keys()) {
        const capture = world.known(uid);
        if (capture !== undefined) void stopIfGone(uid, capture);
      }
    },
    isAtWork: workers.isAtWork,
    close: workers.close,
  };
}

function podGone(namespace: string, name: string): string {
  return `Pod ${namespace}/${name} is gone.`;
}
