/** What lies in the folder of one capture, told apart by its uid: a name may have had several. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, nanoseconds } from "../helpers/manifest.ts";
import type { SeenManifest } from "./oracle/observation.ts";

export interface FoundManifest {
  /** `NODE.NAME.EPOCH` */
  prefix: string;
  manifest: Manifest & { capture: { uid: string } };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Every manifest of this uid: a capture that ran again would have two. */
export function manifestsOf(folder: string, uid: string): FoundManifest[] {
  return namesIn(folder).flatMap((name) => {
    if (!name.endsWith(".json") || name.startsWith(".") || name.endsWith(".status.json")) return [];
    const manifest = readJson(join(folder, name)) as FoundManifest["manifest"] | undefined;
    return manifest?.capture?.uid === uid ? [{ prefix: name.replace(/\.json$/, ""), manifest }] : [];
  });
}

/** It is replaced in one step, and may be gone between two looks. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Files with packets, as anybody sees them: whole or being written. `strangers`: paths of files that are not ours. */
export function packetFilesOf(folder: string, prefix: string, strangers: readonly string[]): string[] {
  return namesIn(folder).filter(
    (name) =>
      isOf(prefix, name) && /\.\d{5,}\.pcap(\.part)?$/.test(name) && !strangers.includes(join(folder, name)),
  );
}

/** What a capture has only while it runs: hidden, or not whole. */
export function leftoversOf(folder: string, prefix: string): string[] {
  return namesIn(folder).filter(
    (name) =>
      (name.startsWith(`.${prefix}.`) || isOf(prefix, name)) &&
      /^\.|\.(part|next|tmp|lock|reserve)$/.test(name),
  );
}

function isOf(prefix: string, name: string): boolean {
  return name.startsWith(`${prefix}.`);
}

export function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

export function seenManifest({ manifest }: FoundManifest): SeenManifest {
  const { startTime, finished, gaps = [], removed, statistics, files } = manifest;
  return {
    startTime: milliseconds(startTime),
    ...(finished === undefined ? {} : { endTime: milliseconds(finished.time), reason: finished.reason }),
    gaps: gaps.map(({ from, to }) => ({ from: milliseconds(from), to: milliseconds(to) })),
    removedPackets: removed.packets,
    statistics,
    files: files.map(({ name, packets, bytes }) => ({ name, packets, bytes })),
  };
}

/** RFC 3339 with three or nine digits behind the second → ms since 1970. */
function milliseconds(time: string): number {
  const padded = time.replace(/(?:\.(\d+))?Z$/, (_, digits = "") => `.${digits.padEnd(9, "0")}Z`);
  return Number(nanoseconds(padded) / 1000n) / 1000;
}
