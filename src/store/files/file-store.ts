import { rmSync } from "node:fs";
import { join } from "node:path";
import { companionNames } from "../../agent/file-names.ts";
import { isFinal } from "../../agent/progress.ts";
import type { PacketCapture } from "../../api/resource.ts";
import { type CaptureEvent, type CaptureStore, StatusConflict } from "../capture-store.ts";
import type { CapturePlace } from "./capture-place.ts";
import { isFullDisk, replaceFile, replaceFromReserve, reserveRoom } from "./durable.ts";

export interface FileStore extends CaptureStore {
  /** Takes a capture in; its status goes beside its files. */
  add(capture: PacketCapture, place: CapturePlace): void;
  /** Removes what only a running capture needs. Call it after the final status. */
  close(): Promise<void>;
}

interface Entry {
  capture: PacketCapture;
  place: CapturePlace;
  /** Done when room for the last status is set aside, or could not be. */
  reserved: Promise<void>;
}

/** Room for a final status beside the resource itself. */
const STATUS_BYTES = 32 * 1024;

/** Captures as `PREFIX.status.json` beside their files; events go to `onEvent`. */
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
      await save(entry);
      return entry.capture;
    },
    recordEvent: onEvent,
    close: async () => {
      for (const { place, reserved } of entries.values()) {
        await reserved;
        const names = companionNames(place.prefix);
        for (const name of [names.statusReserve, names.statusDraft]) {
          rmSync(join(place.folder, name), { force: true });
        }
        place.close();
      }
      entries.clear();
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
