import { rmSync } from "node:fs";
import { join } from "node:path";
import { companionNames } from "../../agent/file-names.ts";
import { isFinal } from "../../agent/progress.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { Problem } from "../../errors.ts";
import { type CaptureEvent, type CaptureStore, StatusConflict } from "../capture-store.ts";
import type { CapturePlace } from "./capture-place.ts";
import { diskFailure, isFullDisk, replaceFile, replaceFromReserve, reserveRoom } from "./durable.ts";

export interface FileStore extends CaptureStore {
  /** Takes a capture in; its status goes beside its files. */
  add(capture: PacketCapture, place: CapturePlace): void;
  /**
   * Removes what only a running capture needs, as far as it can. Call it after the final status.
   * @returns a sentence for each status that could not be kept on the disk
   */
  close(): Promise<Problem[]>;
}

interface Entry {
  capture: PacketCapture;
  place: CapturePlace;
  /** Done when room for the last status is set aside, or could not be. */
  reserved: Promise<void>;
  /** Why the newest status is not on the disk. */
  notKept?: Problem | undefined;
}

/** Room for a final status beside the resource itself. */
const STATUS_BYTES = 32 * 1024;

/**
 * Captures as `PREFIX.status.json` beside their files; events go to `onEvent`. A folder that is gone or cannot
 * be written takes nothing from the captures themselves: their status is kept here, and told at the end.
 */
export function createFileStore(onEvent: (capture: PacketCapture, event: CaptureEvent) => void): FileStore {
  const entries = new Map<string, Entry>();
  return {
    add: (capture, place) => {
      entries.set(keyText(capture.metadata), { capture, place, reserved: reserveStatus(capture, place) });
    },
    read: async (key) => entries.get(keyText(key))?.capture,
    writeStatus: async (decidedOn, status) => {
      const entry = entries.get(keyText(decidedOn.metadata));
      const version = decidedOn.metadata.resourceVersion;
      if (entry === undefined || entry.capture.metadata.resourceVersion !== version) {
        throw new StatusConflict(`${decidedOn.metadata.name} is no longer at version ${version}`);
      }
      const resourceVersion = String(Number(version ?? 0) + 1);
      const metadata = { ...entry.capture.metadata, resourceVersion };
      entry.capture = { ...entry.capture, metadata, status };
      await keep(entry, onEvent);
      return entry.capture;
    },
    recordEvent: onEvent,
    close: async () => {
      const left = [...entries.values()];
      entries.clear();
      for (const { place, reserved } of left) {
        await reserved;
        const names = companionNames(place.prefix);
        for (const name of [names.statusReserve, names.statusDraft])
          removeIfPossible(join(place.folder, name));
        place.close();
      }
      return left.flatMap(({ notKept }) => notKept ?? []);
    },
  };
}

function keyText(key: { namespace?: string | undefined; name?: string | undefined }): string {
  return `${key.namespace}/${key.name}`;
}

/** Failing is no reason not to capture: it only matters should the disk fill. */
async function reserveStatus(capture: PacketCapture, { folder, prefix }: CapturePlace): Promise<void> {
  const bytes = STATUS_BYTES + 2 * Buffer.byteLength(statusText(capture));
  await reserveRoom(join(folder, companionNames(prefix).statusReserve), bytes).catch(() => undefined);
}

/** A status that cannot be written is told once, until one can be again. */
async function keep(
  entry: Entry,
  onEvent: (capture: PacketCapture, event: CaptureEvent) => void,
): Promise<void> {
  const { capture, place } = entry;
  try {
    await save(entry);
    entry.notKept = undefined;
  } catch (error) {
    const { reason, message: why } = diskFailure(error);
    const path = join(place.folder, companionNames(place.prefix).status);
    const message = `${capture.metadata.name}: its status could not be kept in ${path}: ${why}`;
    const isNews = entry.notKept === undefined && !isFinal(capture.status?.progress);
    entry.notKept = { code: reason, message };
    if (isNews) onEvent(capture, { type: "Warning", reason: "StatusNotKept", message });
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A read-only disk: it stays, and the next run or `pcapper recover` removes it.
  }
}

/** On a full disk a passing status is not worth the reserve: the old one stays, and only the last one uses it. */
async function save({ capture, place, reserved }: Entry): Promise<void> {
  const names = companionNames(place.prefix);
  const path = join(place.folder, names.status);
  const text = statusText(capture);
  try {
    await replaceFile(path, join(place.folder, names.statusDraft), text);
  } catch (error) {
    if (!isFullDisk(error)) throw error;
    if (!isFinal(capture.status?.progress)) return;
    await reserved;
    await replaceFromReserve(path, join(place.folder, names.statusReserve), text);
  }
}

function statusText(capture: PacketCapture): string {
  return `${JSON.stringify(capture, null, 2)}\n`;
}
