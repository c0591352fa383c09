import { errorOfAnswer, isStatusBody, KubernetesError } from "./kubernetes-error.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";

export type WatchEvent =
  | { type: "there" | "gone"; uid: string; resourceVersion: string; object: KubernetesObject }
  | { type: "bookmark"; resourceVersion: string };

/** @throws KubernetesError for an ERROR event (its status, for example 410) and for a line that is no event */
export function parseWatchEvent(line: string): WatchEvent | undefined {
  const { type, object } = JSON.parse(line) as { type?: string; object?: Partial<KubernetesObject> };
  if (type === "ERROR") {
    throw errorOfAnswer("watch", (isStatusBody(object) ? object.code : undefined) ?? 0, object);
  }
  const { uid = "", resourceVersion } = object?.metadata ?? {};
  if (object === undefined || resourceVersion === undefined) {
    throw new KubernetesError("watch: an event without resourceVersion", { status: 0, body: line });
  }
  if (type === "BOOKMARK") return { type: "bookmark", resourceVersion };
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") return undefined;
  const kind = type === "DELETED" ? "gone" : "there";
  return { type: kind, uid, resourceVersion, object: object as KubernetesObject };
}
