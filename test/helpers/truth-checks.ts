/** What must hold for the files of a finished capture. All throw by `expect`. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isNoise, type Traffic } from "../traffic/traffic.ts";
import { judge } from "./judges.ts";
import { mustBeAsListed } from "./live-look.ts";
import type { Manifest } from "./manifest.ts";
import type { PcapRecord } from "./pcap-reader.ts";
import { readStatus } from "./pcapper.ts";
import type { TruthOutcome } from "./truth-case.ts";

export function finishedManifest({ pcapper }: Pick<TruthOutcome, "pcapper">): Manifest {
  const manifest = pcapper.manifest();
  if (manifest === undefined) throw new Error("there is no manifest");
  expect(manifest.current, "nothing is being written after the end").toBeUndefined();
  return manifest;
}

/** The end, as exit code, printed resource, status file and manifest tell it: the same, and the truth. */
export function checkEnd(outcome: TruthOutcome): void {
  const { result, offered, pcapper } = outcome;
  const manifest = finishedManifest(outcome);
  expect(result, result.stderr).toMatchObject({ exitCode: 0, signal: null });
  const { status } = result.resource();
  expect(status).toMatchObject({ progress: "finished", reason: "Stopped" });
  expect(readStatus(pcapper.folder)?.status).toEqual(status);
  expect(manifest.finished).toMatchObject({ reason: "Stopped" });
  const { lastUpdateTime: _, ...counted } = status?.statistics ?? {};
  expect(counted).toEqual(manifest.statistics);
  expect(manifest.statistics).toMatchObject({
    packets: offered,
    dropped: 0,
    droppedByKernel: 0,
    droppedByInterface: 0,
    droppedOnWrite: 0,
  });
}

/** Every file: named, listed, sized as promised, and no reader complains. @returns all packets kept */
export async function checkFiles(outcome: TruthOutcome, linkType: number): Promise<PcapRecord[]> {
  const { pcapper, limits } = outcome;
  const manifest = finishedManifest(outcome);
  checkNames(pcapper.folder, manifest, limits.fileCount);
  const kept: PcapRecord[] = [];
  for (const file of manifest.files) {
    const path = join(pcapper.folder, file.name);
    const { size, mode } = statSync(path);
    expect({ size, mode: mode & 0o777 }).toEqual({ size: file.bytes, mode: 0o640 });
    expect(size).toBeLessThanOrEqual(limits.maxFileSize);
    const judged = await judge(path);
    expect(judged).toMatchObject({ linkType, snapLength: limits.snapLength });
    mustBeAsListed(file, judged.records);
    kept.push(...judged.records);
  }
  expect(kept.length + manifest.removed.packets).toBe(manifest.statistics.packets);
  return kept;
}

/** Numbers run on from 00001, the newest are kept, and nothing else lies in the folder. */
function checkNames(folder: string, { files, removed, statistics }: Manifest, fileCount: number): void {
  expect(files.length).toBeLessThanOrEqual(fileCount);
  expect(files.map(({ number }) => number)).toEqual(files.map((_, index) => removed.files + index + 1));
  expect(statistics).toMatchObject({ files: files.length, filesRemoved: removed.files });
  const [first] = files;
  const prefix = first?.name.replace(/\.\d+\.pcap$/, "") ?? "";
  expect(files.map(({ name }) => name)).toEqual(
    files.map(({ number }) => `${prefix}.${String(number).padStart(5, "0")}.pcap`),
  );
  const names = [...files.map(({ name }) => name), `${prefix}.json`, `${prefix}.status.json`];
  expect(readdirSync(folder).sort()).toEqual(names.sort());
}

/** One-way traffic: the newest packets the reference has, byte for byte and to the nanosecond. */
export function checkSame(kept: PcapRecord[], reference: PcapRecord[]): void {
  const expected = reference.slice(reference.length - kept.length);
  const differs = kept.findIndex((record, index) => !isSame(record, expected[index]));
  if (differs < 0) return;
  expect(told(kept[differs]), `packet ${differs + 1} of ${kept.length}`).toEqual(told(expected[differs]));
}

function isSame(a: PcapRecord, b: PcapRecord | undefined): boolean {
  return b !== undefined && a.timestamp === b.timestamp && a.length === b.length && a.data.equals(b.data);
}

function told(record: PcapRecord | undefined): object | undefined {
  return record && { ...record, data: record.data.toString("hex") };
}

/** Two-way traffic, where two sockets may see another order: each packet kept is one the reference has. */
export function checkSameSet(kept: PcapRecord[], reference: PcapRecord[]): void {
  const left = new Map<string, number>();
  const keyOf = ({ length, data }: PcapRecord): string => `${length}:${data.toString("latin1")}`;
  for (const record of reference) left.set(keyOf(record), (left.get(keyOf(record)) ?? 0) + 1);
  for (const [index, record] of kept.entries()) {
    const count = left.get(keyOf(record)) ?? 0;
    if (count === 0)
      expect.fail(`packet ${index + 1} is not one that tcpdump saw: ${record.data.toString("hex")}`);
    left.set(keyOf(record), count - 1);
  }
}

/** The numbers the sender put into its packets: none missing, none twice, none that the filter refuses. */
export function checkNumbers(kept: PcapRecord[], filtered: boolean, offered: number): void {
  const all = Array.from(
    { length: filtered ? Math.ceil((offered * 4) / 3) : offered },
    (_, number) => number,
  );
  const expected = filtered ? all.filter((number) => !isNoise(number)) : all;
  const numbers = kept.map(({ data }) => Number(data.readBigUInt64BE(data.length - 8)));
  expect(numbers).toEqual(expected.slice(expected.length - kept.length));
}

/** Bytes counted are those of all packets, also of the removed ones. */
export function checkBytes({ reference, ...outcome }: TruthOutcome): void {
  const bytes = reference.reduce((sum, { data }) => sum + data.length, 0);
  expect(finishedManifest(outcome).statistics.bytes).toBe(bytes);
}

export function checkLongest(kept: PcapRecord[], { longest = 0 }: Traffic): void {
  const found = kept.reduce((most, { data }) => Math.max(most, data.length), 0);
  expect(found).toBeGreaterThanOrEqual(longest);
}
