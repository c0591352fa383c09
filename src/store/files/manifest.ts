import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Gap } from "../../agent/gaps.ts";
import type { PacketCaptureSpec } from "../../api/resource.ts";
import { manifestProblem } from "./manifest-problem.ts";
import { type Found, LARGEST_RECORD, parseRecord } from "./parse-record.ts";

/** One file of a capture, as its manifest has it. */
export interface ManifestFile {
  name: string;
  number: number;
  packets: number;
  /** Bytes of the file. */
  bytes: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

/** What is needed of `PREFIX.json`; fields that are not understood are kept as they are. */
export interface Manifest {
  manifest: "pcapper/v1";
  capture: {
    cluster?: string;
    namespace: string;
    name: string;
    uid: string;
    /** When the resource was made, by the API server's clock, in whole seconds. */
    creationTimestamp?: string;
    node: string;
    /** Since when the machine has run that captured, as it names that itself. */
    boot?: string;
    spec: PacketCaptureSpec;
    target?: { podUID?: string };
  };
  interface?: { name: string; index: number; linkType: string };
  startTime?: string;
  /** The same moment in seconds of the machine's monotonic clock; absent where that was before `capture.boot`. */
  monotonicStart?: number;
  /** File numbers up to this one belong to the capture, also where they are not listed. */
  reservedThrough: number;
  files: ManifestFile[];
  current?: ManifestFile;
  /** `lastTimestamp`: of the newest packet in them, RFC 3339; absent where there is none. */
  removed: { files: number; packets: number; lastTimestamp?: string };
  /** Highest file number ever used, also by a file that was empty and went: set by a repair. */
  highestNumber?: number;
  /** Until when every packet is in a file, RFC 3339: set by an engine that left it to the next process. */
  capturedThrough?: string;
  /** When a process last captured, RFC 3339: set by a repair, gone as soon as an engine goes on. */
  lastSeen?: string;
  statistics: Record<string, number>;
  /** When nothing was captured, because the process that captures was gone. */
  gaps?: Gap[];
  finished?: { reason: string; message: string; time: string };
}

/** Reads JSON that a crash or a stranger may have left: never throws, never follows a symbolic link. */
export async function readRecord(path: string): Promise<Found<unknown>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) return { problem: "it is not a plain file" };
      if (found.size > LARGEST_RECORD) return { problem: `it has ${found.size} bytes` };
      return parseRecord(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { problem: "it is not there" };
    return { problem: code === "ELOOP" ? "it is a symbolic link" : message };
  }
}

/** Checks what a manifest must have before a file is touched on its word. */
export function asManifest(value: unknown): Found<Manifest> {
  const problem = manifestProblem(value);
  return problem === undefined ? { value: value as Manifest } : { problem };
}
