import { aborted } from "../../aborted.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { capturesPath } from "../../kubernetes/paths.ts";
import { type Reflector, startReflector } from "../../kubernetes/reflector.ts";
import type { TargetPod } from "../../target/target.ts";
import { keptCapture, keptPod } from "./kept-fields.ts";

export interface FollowedWorld {
  api: KubernetesApi;
  node: string;
  watchNamespace: string;
  /** Ends all following. */
  signal: AbortSignal;
  /** A list or a watch failed, of whatever: it is tried again. */
  onFailure(): void;
}

export interface PodListener {
  onChange(pod: TargetPod, isGone: boolean): void;
}

export interface CaptureListener {
  /** One that nobody has claimed, or (undefined) no longer such. */
  onUnowned(uid: string, capture: PacketCapture | undefined, before: PacketCapture | undefined): void;
  onOwn(uid: string, capture: PacketCapture | undefined, before: PacketCapture | undefined): void;
  /** All of this node's captures are known, for the first time. */
  onOwnSynced(own: readonly PacketCapture[]): void;
  /** Captures cannot be listed or watched for now. */
  onFailure(error: unknown): void;
}

/** Copies of what an agent follows: its node's pods, captures without an owner, and its own captures. */
export interface FollowedObjects {
  /** Resolves when all pods are known. @throws the signal's reason when `stop` is aborted before */
  followPods(listener: PodListener, stop: AbortSignal): Promise<void>;
  followCaptures(listener: CaptureListener): void;
  /** The newest copy there is. */
  capture(uid: string): PacketCapture | undefined;
  unowned(): PacketCapture[];
  pod(namespace: string, name: string): TargetPod | undefined;
  /** A sentence that names what is not known yet; undefined = all is. */
  notReady(): string | undefined;
  watchRestarts(): number;
}

export function createFollowedObjects(world: FollowedWorld): FollowedObjects {
  const { api, node, watchNamespace, signal, onFailure } = world;
  let pods: Reflector<TargetPod> | undefined;
  let unowned: Reflector<PacketCapture> | undefined;
  let own: Reflector<PacketCapture> | undefined;
  // A capture that was claimed a moment ago is in both: the newer copy is among our own.
  const captures = () => [...(own?.all() ?? []), ...(unowned?.all() ?? [])];

  return {
    followPods: async ({ onChange }, stop) => {
      const synced = Promise.withResolvers<void>();
      pods = startReflector({
        api,
        signal,
        path: "/api/v1/pods",
        query: { fieldSelector: `spec.nodeName=${node}` },
        keep: keptPod,
        onChange: (_uid, pod, before) => {
          const known = pod ?? before;
          if (known !== undefined) onChange(known, pod === undefined);
        },
        onSynced: synced.resolve,
        onFailure,
      });
      await Promise.race([synced.promise, aborted(stop)]);
      stop.throwIfAborted();
    },
    followCaptures: (listener) => {
      const followed = {
        api,
        signal,
        path: capturesPath(watchNamespace),
        keep: keptCapture,
        onFailure: (error: unknown) => {
          onFailure();
          listener.onFailure(error);
        },
      };
      unowned = startReflector({
        ...followed,
        query: { fieldSelector: "status.node=" },
        onChange: listener.onUnowned,
      });
      const mine = startReflector({
        ...followed,
        query: { fieldSelector: `status.node=${node}` },
        onChange: listener.onOwn,
        onSynced: () => listener.onOwnSynced(mine.all()),
      });
      own = mine;
    },
    capture: (uid) => own?.get(uid) ?? unowned?.get(uid),
    unowned: () => captures().filter(({ status }) => status?.node === undefined),
    pod: (namespace, name) =>
      pods?.all().find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    notReady: () => {
      const waiting = Object.entries({ unowned, own, pods }).flatMap(([name, list]) =>
        list?.synced() ? [] : [name],
      );
      return waiting.length === 0
        ? undefined
        : `The API server has not answered yet for: ${waiting.join(", ")}.`;
    },
    watchRestarts: () => [unowned, own, pods].reduce((sum, list) => sum + (list?.restarts() ?? 0), 0),
  };
}
