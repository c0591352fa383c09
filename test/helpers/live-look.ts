import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, type ManifestFile, nanoseconds } from "./manifest.ts";
import { type PcapRecord, readPcap } from "./pcap-reader.ts";
import type { Pcapper } from "./pcapper.ts";

/**
 * Reads a running capture as its manifest allows: finished files whole, the one being written as far as
 * published. @returns packets the manifest answers for, those in removed files included
 * @throws Error where a file is not what the manifest says
 */
export function lookAtRunning(pcapper: Pcapper): number {
  const manifest = pcapper.manifest();
  if (manifest === undefined) return 0;
  const inFiles = filesOf(manifest).reduce((sum, file) => sum + lookAtFile(pcapper, file), 0);
  return inFiles + manifest.removed.packets;
}

function filesOf({ files, current }: Manifest): ManifestFile[] {
  return current === undefined ? files : [...files, current];
}

function lookAtFile(pcapper: Pcapper, file: ManifestFile): number {
  const records = readListed(pcapper, file);
  if (records !== undefined) mustBeAsListed(file, records);
  return file.packets;
}

/** undefined where the ring has removed the file since the manifest was written. */
function readListed(pcapper: Pcapper, file: ManifestFile): PcapRecord[] | undefined {
  try {
    return readPcap(pathOf(pcapper.folder, file), file.bytes).records;
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Renamed between the look at its name and the opening: now it has its last name.
    const whole = { ...file, name: file.name.replace(/\.part$/, "") };
    if (whole.name !== file.name) return readListed(pcapper, whole);
    // Only the ring removes, and only the oldest: the manifest follows within about a second.
    if (file.number < oldestThere(pcapper.folder)) return undefined;
    throw error;
  }
}

/** A file may lose its `.part` after the manifest was read. */
export function pathOf(folder: string, { name }: ManifestFile): string {
  const path = join(folder, name);
  return existsSync(path) ? path : path.replace(/\.part$/, "");
}

function oldestThere(folder: string): number {
  const numbers = readdirSync(folder).map((name) =>
    Number(/\.(\d+)\.pcap(\.part)?$/.exec(name)?.[1] ?? Infinity),
  );
  return Math.min(...numbers);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** @throws Error where packets, first or last time of a file are not what the manifest says */
export function mustBeAsListed(file: ManifestFile, records: readonly PcapRecord[]): void {
  const times = [records[0], records.at(-1)].map((record) => record?.timestamp);
  const listed = [file.firstTimestamp, file.lastTimestamp].map((time) =>
    time ? nanoseconds(time) : undefined,
  );
  const found = `${records.length} packets from ${times[0]} to ${times[1]}`;
  const expected = `${file.packets} packets from ${listed[0]} to ${listed[1]}`;
  if (found !== expected) throw new Error(`${file.name} has ${found}; the manifest says ${expected}`);
}
