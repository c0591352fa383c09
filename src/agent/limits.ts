import { byteSizeText } from "../byte-size.ts";
import type { MinFreeDisk } from "../capture/native.ts";
import type { FreeDiskLimit } from "../settings.ts";

/** The limits of a node, from the environment. */
export interface Limits {
  maxTotalFileSize: number;
  minFreeDisk: FreeDiskLimit;
  maxCaptures: number;
  /** Bytes of kernel memory for the rings of all captures. */
  captureMemory: number;
}

/** What runs on a node: quickly told. */
export interface RunningFigures {
  runningCaptures: number;
  /** Bytes of their rings. */
  runningRings: number;
}

/** What room a node has. All sizes in bytes. */
export interface RoomFigures {
  /** On disk below the output folder, as `du` counts. */
  used: number;
  /** What the file system leaves to ordinary users, as `df` shows. */
  free: number;
  fileSystemSize: number;
  /** What the running captures may still write. */
  promised: number;
}

/** What the capture that wants to start may need. */
export interface CaptureNeeds {
  /** maxFileSize × fileCount, and the room for manifest and status. */
  worstCase: number;
  ring: number;
}

export interface Refusal {
  reason: "TooManyCaptures" | "NotEnoughMemory" | "TotalFileSizeExceeded" | "NotEnoughDiskSpace";
  message: string;
}

/** Why the capture may not start beside those that run, with the figures. */
export function refusalByRunning(
  limits: Limits,
  node: RunningFigures,
  needs: CaptureNeeds,
): Refusal | undefined {
  return tooManyCaptures(limits, node) ?? notEnoughMemory(limits, node, needs);
}

/** Why the capture may not start, with the figures; undefined where there is room for its worst case. */
export function refusalByRoom(limits: Limits, node: RoomFigures, needs: CaptureNeeds): Refusal | undefined {
  return totalFileSizeExceeded(limits, node, needs) ?? notEnoughDiskSpace(limits, node, needs);
}

function tooManyCaptures(limits: Limits, node: RunningFigures): Refusal | undefined {
  if (node.runningCaptures + 1 <= limits.maxCaptures) return undefined;
  return {
    reason: "TooManyCaptures",
    message: `Captures running: ${node.runningCaptures}; MAX_CAPTURES is ${limits.maxCaptures}: wait for one to end, or stop one.`,
  };
}

function notEnoughMemory(limits: Limits, node: RunningFigures, needs: CaptureNeeds): Refusal | undefined {
  if (node.runningRings + needs.ring <= limits.captureMemory) return undefined;
  return {
    reason: "NotEnoughMemory",
    message: `The ring of this capture needs ${byteSizeText(needs.ring)}, the running captures hold ${byteSizeText(node.runningRings)}, and CAPTURE_MEMORY is ${byteSizeText(limits.captureMemory)}: lower CAPTURE_BUFFER or wait for a capture to end.`,
  };
}

function totalFileSizeExceeded(limits: Limits, node: RoomFigures, needs: CaptureNeeds): Refusal | undefined {
  if (node.used + node.promised + needs.worstCase <= limits.maxTotalFileSize) return undefined;
  return {
    reason: "TotalFileSizeExceeded",
    message: `${needsText(needs)}; ${byteSizeText(node.used)} are on disk, ${promisedText(node)}, and MAX_TOTAL_FILESIZE is ${byteSizeText(limits.maxTotalFileSize)}: lower maxFileSize or fileCount, or remove old captures.`,
  };
}

function notEnoughDiskSpace(limits: Limits, node: RoomFigures, needs: CaptureNeeds): Refusal | undefined {
  const floor = freeDiskFloor(limits.minFreeDisk, node.fileSystemSize);
  if (node.free - node.promised - needs.worstCase >= floor) return undefined;
  return {
    reason: "NotEnoughDiskSpace",
    message: `${needsText(needs)}; ${byteSizeText(node.free)} are free, ${promisedText(node)}, and ${byteSizeText(floor)} must stay free (MIN_FREE_DISK is ${minFreeDisk(limits.minFreeDisk).text}): lower maxFileSize or fileCount, or make room.`,
  };
}

function needsText(needs: CaptureNeeds): string {
  return `This capture may need ${byteSizeText(needs.worstCase)} (maxFileSize × fileCount and its manifest)`;
}

function promisedText(node: RoomFigures): string {
  return `running captures may still write ${byteSizeText(node.promised)}`;
}

/** Bytes that must stay free on a file system of `size` bytes. */
export function freeDiskFloor(limit: FreeDiskLimit, size: number): number {
  return limit.kind === "bytes" ? limit.bytes : Math.ceil((size * limit.percent) / 100);
}

/** The limit as the engine takes it. */
export function minFreeDisk(limit: FreeDiskLimit): MinFreeDisk {
  return limit.kind === "bytes"
    ? { bytes: limit.bytes, percent: 0, text: byteSizeText(limit.bytes) }
    : { bytes: 0, percent: limit.percent, text: `${limit.percent} %` };
}

/** Bytes of a file's entry in the manifest: a name of at most 242 bytes, two numbers and two times. */
const ENTRY_BYTES = 512;
/** The manifest, its draft, and the reserve that the engine fills for the last one. */
const MANIFESTS = 3;
/** Status with draft and reserve, and the lock. */
const STATUS_ROOM = 128 * 1024;

/** Bytes for what a capture writes beside its packets; one file more than it keeps is listed while the ring turns. */
export function recordsRoom(fileCount: number): number {
  return MANIFESTS * ENTRY_BYTES * (fileCount + 1) + STATUS_ROOM;
}
