/** What the manifests on a hostmount tell of the captures that have files there. */
import { globSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Manifest } from "../helpers/manifest.ts";
import { readPcap } from "../helpers/pcap-reader.ts";

export interface CaptureOnDisk extends Manifest {
  capture: { uid: string; name: string };
  folder: string;
}

export function capturesOnDisk(hostmount: string, name = "*"): CaptureOnDisk[] {
  return globSync(join(hostmount, name, "*.json")).flatMap((path) => {
    try {
      const manifest = JSON.parse(readFileSync(path, "utf8")) as CaptureOnDisk;
      return [{ ...manifest, folder: dirname(path) }];
    } catch (error) {
      // Removed between the two looks.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}

/** Numbers of the sender's packets in the files of one capture, as far as its manifest answers for them. */
export function numbersOf({ folder, files, current }: CaptureOnDisk): number[] {
  const all = current === undefined ? files : [...files, current];
  return all
    .flatMap(({ name, bytes }) => readPcap(join(folder, name), bytes).records)
    .map(({ data }) => Number(data.readBigUInt64BE(data.length - 8)));
}

/** The most that ran at once, each from its start to its end by its own manifest. */
export function mostAtOnce(captures: readonly CaptureOnDisk[]): number {
  const moments = captures.flatMap(({ startTime, finished }) => [
    { time: Date.parse(startTime), change: 1 },
    { time: Date.parse(finished?.time ?? ""), change: -1 },
  ]);
  // Who ends in the same millisecond has made room first.
  moments.sort((a, b) => a.time - b.time || a.change - b.change);
  let now = 0;
  return moments.reduce((most, { change }) => {
    now += change;
    return Math.max(most, now);
  }, 0);
}

/** Bytes below a folder as `du` counts them. */
export function bytesBelow(folder: string): number {
  return globSync(join(folder, "**/{*,.*}")).reduce((sum, path) => {
    const blocks = lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0;
    return sum + blocks * 512;
  }, 0);
}
