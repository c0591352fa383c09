import type { PacketCapture } from "../../api/resource.ts";
import type { Native } from "../../capture/native.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { isDeleted } from "../../kubernetes/deletion.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import type { Log, LogFields } from "../../log.ts";
import { type CaptureStore, StatusConflict } from "../../store/capture-store.ts";
import { isFinal } from "../progress.ts";
import { lastUse } from "./age.ts";
import { expiredStatus, FILES_REMOVED } from "./expired-status.ts";
import { type KeptCapture, keptCaptures } from "./kept-captures.ts";
import { removeFiles, writtenTimes } from "./remove-files.ts";

export interface RetentionWorld {
  native: Pick<Native, "tryLock">;
  api: Pick<KubernetesApi, "get">;
  store: Pick<CaptureStore, "writeStatus" | "recordEvent">;
  hostmount: string;
  /** Name of this node. */
  node: string;
  /** Uid of the cluster whose captures are looked after. */
  cluster: string;
  /** Seconds. */
  deleteOlderThan: number;
  /** A capture of this node as it was last heard of: good enough for keeping its files, not for removing them. */
  known(uid: string): PacketCapture | undefined;
  /** Whether this process works on the capture. */
  isAtWork(uid: string): boolean;
  /** The API server's time, ms since 1970. */
  now(): number;
  log: Log;
}

/** Files go when their capture is deleted, or when they are old. */
export interface Retention {
  /** Looks at every capture on the hostmount. Never throws; what failed is tried again by the next one. */
  sweep(): Promise<void>;
  /** A hint that this capture may be deleted: looked at soon. */
  deleted(uid: string): void;
  close(): void;
}

/** Milliseconds: hints that come together are one look. */
const HINT_DELAY = 500;
const HINT_RETRY = 5000;
/** The claim comes after the capture was made, and the times of a CRD or a namespace are in whole seconds. */
const EPOCH_SLACK = 2000;

export function createRetention(world: RetentionWorld): Retention {
  const { hostmount, cluster, isAtWork, log } = world;
  const hints = new Set<string>();
  let hintTimer: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** @returns whether it is settled, for now */
  const lookAfter = async (captures: readonly KeptCapture[]): Promise<boolean> => {
    const fields = fieldsOf(captures);
    if (closed || isAtWork(fields.uid)) return false;
    try {
      if (await areToStay(world, captures)) return true;
      const reason = await reasonToRemove(world, captures);
      if (reason === undefined) return true;
      if (isAtWork(fields.uid)) return false;
      for (const capture of captures) if (!(await removeFiles(world.native, capture))) return false;
      log.info(fields, `Files removed from the node: ${reason}.`);
      return true;
    } catch (error) {
      log.warn(fields, `Whether its files may be removed is not known yet: ${(error as Error).message}`);
      return false;
    }
  };

  /** One look at a time. @returns the uids that are not settled */
  const look = (only?: ReadonlySet<string>): Promise<Set<string>> => {
    const turn = last.then(async () => {
      const open = new Set<string>();
      for await (const captures of keptCaptures(hostmount, cluster)) {
        const { uid } = fieldsOf(captures);
        if (only !== undefined && !only.has(uid)) continue;
        if (!(await lookAfter(captures))) open.add(uid);
      }
      // Perhaps it has no manifest yet.
      for (const uid of only ?? []) if (isAtWork(uid)) open.add(uid);
      return open;
    });
    last = turn;
    return turn;
  };

  const lookAtHints = async (): Promise<void> => {
    const now = new Set(hints);
    hints.clear();
    for (const uid of await look(now)) hints.add(uid);
    hintTimer = undefined;
    if (hints.size > 0) hintIn(HINT_RETRY);
  };

  const hintIn = (milliseconds: number): void => {
    if (closed || hintTimer !== undefined) return;
    hintTimer = setTimeout(() => void lookAtHints(), milliseconds).unref();
  };

  return {
    sweep: async () => {
      await look();
    },
    deleted: (uid) => {
      hints.add(uid);
      hintIn(HINT_DELAY);
    },
    close: () => {
      closed = true;
      clearTimeout(hintTimer);
    },
  };
}

/** Most captures most of the time: no question to the API server for each of them, every time. */
async function areToStay(world: RetentionWorld, captures: readonly KeptCapture[]): Promise<boolean> {
  const known = world.known(fieldsOf(captures).uid);
  if (known === undefined) return false;
  return !isFinal(known.status?.progress) || !(await areOld(world, captures));
}

/**
 * Why the files of one capture may go; undefined = they stay. Asked of the API server, never of a copy.
 * @param captures all that the disk has of one uid
 * @throws KubernetesError where it cannot be known
 */
async function reasonToRemove(
  world: RetentionWorld,
  captures: readonly KeptCapture[],
): Promise<string | undefined> {
  const { namespace, name, uid } = fieldsOf(captures);
  const capture = await world.api.get<PacketCapture>(capturePath({ namespace, name }));
  if (capture?.metadata.uid === uid) {
    if (!isFinal(capture.status?.progress) || !(await areOld(world, captures))) return undefined;
    // A disk that came from another node, or a node of a new name: the status speaks of that one's files.
    return capture.status?.node === world.node ? tellOld(world, capture) : tooOld(world);
  }
  const begun = Math.min(...captures.map(madeAt));
  if (await isDeleted(world.api, { namespace, name, uid, begun })) return "the PacketCapture was deleted";
  const ended = captures.every(({ manifest }) => manifest.finished !== undefined);
  return ended && (await areOld(world, captures)) ? tooOld(world) : undefined;
}

/** When the capture was made, by the clock that CRD and namespace have their times from: ms since 1970. */
function madeAt({ manifest, epoch }: KeptCapture): number {
  const made = Date.parse(manifest.capture.creationTimestamp ?? "");
  return Number.isNaN(made) ? epoch + EPOCH_SLACK : made;
}

async function areOld(
  { now, deleteOlderThan }: RetentionWorld,
  captures: readonly KeptCapture[],
): Promise<boolean> {
  for (const capture of captures) {
    if (now() - lastUse(capture, await writtenTimes(capture)) <= deleteOlderThan * 1000) return false;
  }
  return true;
}

/** Said before it is done: a status that promises files that are gone would be false, for ever after a crash. */
async function tellOld(world: RetentionWorld, capture: PacketCapture): Promise<string | undefined> {
  const { store, now } = world;
  const message = `The files were removed from the node: ${tooOld(world)}.`;
  const status = expiredStatus(capture.status ?? {}, message, now());
  if (status === undefined) return tooOld(world);
  try {
    const told = await store.writeStatus(capture, status);
    store.recordEvent(told, { type: "Normal", reason: FILES_REMOVED, message });
    return tooOld(world);
  } catch (error) {
    // Somebody wrote meanwhile: the next look decides anew.
    if (error instanceof StatusConflict) return undefined;
    throw error;
  }
}

function tooOld({ deleteOlderThan }: RetentionWorld): string {
  return `they are older than DELETE_OLDER_THAN (${deleteOlderThan} s)`;
}

function fieldsOf([first]: readonly KeptCapture[]): Required<Omit<LogFields, "reason">> {
  const { namespace = "", name = "", uid = "" } = first?.manifest.capture ?? {};
  return { namespace, name, uid };
}
