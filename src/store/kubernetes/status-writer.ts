import type { PacketCapture, PacketCaptureStatus } from "../../api/resource.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { type Backoff, type BackoffRange, createBackoff } from "../../kubernetes/backoff.ts";
import {
  isApiMissing,
  isObjectMissing,
  isTransient,
  KubernetesError,
} from "../../kubernetes/kubernetes-error.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import { type CaptureStore, keyOf, StatusConflict } from "../capture-store.ts";
import { mergePatch } from "./merge-patch.ts";

/** The resource is gone, or another has its name by now: nobody is left to tell. */
export class CaptureGone extends Error {
  override name = "CaptureGone";
}

/** One resource's status on its way. */
interface Writing {
  /** What the caller knows: a newer status decided on the same takes the place of the one that waits. */
  askedOn: string | undefined;
  /** The resource as the API server has it, as far as is known. */
  base: PacketCapture;
  wanted: PacketCaptureStatus;
  /** Statuses of attempts that failed without word of whether they arrived. */
  unsure: PacketCaptureStatus[];
  /** Decided: it takes no newer status any more. */
  over: boolean;
  done: Promise<PacketCapture>;
}

type Api = Pick<KubernetesApi, "get" | "patchMerge" | "onReturn">;

/**
 * Writes a status as a merge patch of what changed, on the version it was decided on only. While the API is
 * away, or its definition, it waits; the newest of several statuses wins, and all who wait hear when that one is there.
 */
export function createStatusWriter(
  api: Api,
  signal: AbortSignal,
  range?: BackoffRange,
): CaptureStore["writeStatus"] {
  const writings = new Map<string, Writing>();

  const run = async (writing: Writing): Promise<PacketCapture> => {
    const { uid = "" } = writing.base.metadata;
    try {
      return await untilWritten(
        api,
        writing,
        createBackoff(signal, { onReturn: api.onReturn, range }),
        signal,
      );
    } finally {
      if (writings.get(uid) === writing) writings.delete(uid);
    }
  };

  return (decidedOn, wanted) => {
    const { uid = "", resourceVersion } = decidedOn.metadata;
    const under = writings.get(uid);
    if (under !== undefined && under.askedOn === resourceVersion && !under.over) {
      under.wanted = wanted;
      return under.done;
    }
    const done = Promise.resolve(decidedOn);
    const writing: Writing = {
      askedOn: resourceVersion,
      base: decidedOn,
      wanted,
      unsure: [],
      over: false,
      done,
    };
    writings.set(uid, writing);
    writing.done = run(writing);
    return writing.done;
  };
}

async function untilWritten(
  api: Api,
  writing: Writing,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<PacketCapture> {
  for (;;) {
    signal.throwIfAborted();
    const { wanted } = writing;
    try {
      const isWritten = await attempt(api, writing);
      if (isWritten && writing.wanted === wanted) {
        writing.over = true;
        return writing.base;
      }
    } catch (error) {
      if (!isTransient(error) && !isApiMissing(error)) {
        writing.over = true;
        throw error;
      }
      await backoff.wait(error);
    }
  }
}

/**
 * Moves `base` to what the API server has now. @returns whether that has the wanted status
 * @throws StatusConflict, CaptureGone, KubernetesError
 */
async function attempt(api: Api, writing: Writing): Promise<boolean> {
  const { base, wanted } = writing;
  const status = mergePatch(base.status ?? {}, wanted);
  if (status === undefined) return true;
  const { uid, resourceVersion } = base.metadata;
  const path = `${capturePath(keyOf(base))}/status`;
  try {
    writing.base = await api.patchMerge<PacketCapture>(path, { metadata: { uid, resourceVersion }, status });
    writing.unsure = [];
    return true;
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    if (isObjectMissing(error)) throw gone(base, error);
    if (isTransient(error) && !writing.unsure.includes(wanted)) writing.unsure.push(wanted);
    if (error.status !== 409) throw error;
    writing.base = await afterConflict(api, writing, error);
    return false;
  }
}

/** Perhaps it was an earlier attempt of ours that changed the version, and only its answer was lost. */
async function afterConflict(
  api: Api,
  { base, unsure }: Writing,
  conflict: KubernetesError,
): Promise<PacketCapture> {
  const { name, uid, resourceVersion } = base.metadata;
  const now = await api.get<PacketCapture>(capturePath(keyOf(base)));
  if (now === undefined || now.metadata.uid !== uid) throw gone(base, conflict);
  const isOurs = unsure.some((sent) => mergePatch(now.status ?? {}, sent) === undefined);
  if (isOurs) return now;
  throw new StatusConflict(`${name} is no longer at version ${resourceVersion}`, { cause: conflict });
}

function gone({ metadata }: PacketCapture, cause: KubernetesError): CaptureGone {
  return new CaptureGone(`${metadata.namespace}/${metadata.name} is gone`, { cause });
}
