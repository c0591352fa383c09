import { describe, expect, test } from "vitest";
import type { Manifest, ManifestFile } from "../../../src/store/files/manifest.ts";
import { capturedThrough, repairedManifest } from "../../../src/store/files/repair.ts";
import { unseenRemovals } from "../../../src/store/files/unseen-removals.ts";

/** Ten packets of which the last came `number` seconds after the start. */
function file(number: number): ManifestFile {
  const time = `2026-01-01T00:00:${String(number).padStart(2, "0")}.000000000Z`;
  return { name: `f.${number}`, number, packets: 10, bytes: 1184, firstTimestamp: time, lastTimestamp: time };
}

function second(number: number): string {
  return `2026-01-01T00:00:0${number}.000Z`;
}

/** What is told of removed files of which `number` was the newest. */
function through(number: number): { lastTimestamp: string } {
  return { lastTimestamp: file(number).lastTimestamp };
}

/** A ring of three, as it was published last: 1 and 2 removed, 3 whole, 4 not synced yet, 5 being written. */
const MANIFEST: Manifest = {
  manifest: "pcapper/v1",
  capture: { namespace: "default", name: "a", uid: "u", node: "n", spec: {} },
  startTime: "2026-01-01T00:00:00.000000000Z",
  reservedThrough: 64,
  files: [file(3)],
  current: file(5),
  removed: { files: 2, packets: 20 },
  statistics: { packets: 50, bytes: 5000, files: 3 },
};

test.each<[string, number[], number[], { files: number; packets: number; lastTimestamp?: string }, number]>([
  ["died at once", [3, 4, 5], [], { files: 2, packets: 20 }, 5],
  ["turned once more: what went was listed", [4, 5, 6], [], { files: 3, packets: 30, ...through(3) }, 6],
  [
    "turned twice more: nobody knows what was in 4",
    [5, 6, 7],
    [4],
    { files: 4, packets: 30, ...through(3) },
    3,
  ],
  [
    "turned round: of 5 is known what was published",
    [6, 7, 8],
    [4, 5],
    { files: 5, packets: 40, ...through(5) },
    3,
  ],
])("a ring that %s", (_what, there, unseen, removed, counted) => {
  const files = there.map(file);
  expect(unseenRemovals(MANIFEST, files, undefined)).toEqual(unseen);
  const repaired = repairedManifest(MANIFEST, { files, cutBytes: 0 });
  expect(repaired.removed).toEqual(removed);
  expect(repaired.statistics).toMatchObject({
    packets: removed.packets + 10 * files.length,
    filesRemoved: removed.files,
  });
  // What is kept of the time since is in a gap, and is what it was seen last by.
  const [from, to] = [second(counted), second(there.at(-1) ?? 0)];
  expect(repaired.gaps ?? []).toEqual(from === to ? [] : [{ from, to }]);
  expect(capturedThrough(repaired)).toBe(to);
});

test("where every file was synced, only what came after the current one is unseen", () => {
  const manifest = { ...MANIFEST, files: [file(3), file(4)] };
  const files = [6, 7, 8].map(file);
  expect(unseenRemovals(manifest, files, undefined)).toEqual([5]);
  expect(repairedManifest(manifest, { files, cutBytes: 0 }).gaps).toEqual([
    { from: second(5), to: second(8) },
  ]);
});

test("one that was left to the next process has removed nothing unseen", () => {
  const { current: _, ...left } = MANIFEST;
  expect(unseenRemovals(left, [file(9)], undefined)).toEqual([]);
});

test("an empty file that went in the repair was not removed by the ring", () => {
  const current = { ...file(5), packets: 0, bytes: 24, firstTimestamp: "", lastTimestamp: "" };
  const files = [file(3), file(4)];
  expect(unseenRemovals({ ...MANIFEST, current }, files, 5)).toEqual([]);
  const repaired = repairedManifest({ ...MANIFEST, current }, { files, cutBytes: 0, empty: 5 });
  expect(repaired.removed).toEqual({ files: 2, packets: 20 });
  expect(capturedThrough(repaired)).toBe(second(4));
});

describe("a ring of one file whose newest had no packet yet", () => {
  const ofOne: Manifest = {
    ...MANIFEST,
    files: [],
    removed: { files: 4, packets: 40, ...through(4) },
    statistics: { packets: 50, bytes: 5000, files: 1 },
  };

  test("was seen last with the packets that it has removed", () => {
    const current = { ...file(5), packets: 0, bytes: 24, firstTimestamp: "", lastTimestamp: "" };
    const repaired = repairedManifest({ ...ofOne, current }, { files: [], cutBytes: 0, empty: 5 });
    expect(repaired).toMatchObject({ removed: ofOne.removed, statistics: { packets: 40, files: 0 } });
    expect(capturedThrough(repaired)).toBe(second(4));
  });

  test("counts what was published of the one before it, which the ring has removed since", () => {
    const repaired = repairedManifest(ofOne, { files: [], cutBytes: 0, empty: 6 });
    expect(repaired.removed).toEqual({ files: 5, packets: 50, ...through(5) });
    expect(repaired.statistics).toMatchObject({ packets: 50, files: 0, filesRemoved: 5 });
    expect(repaired.gaps).toBeUndefined();
    expect(capturedThrough(repaired)).toBe(second(5));
  });
});

test.each<[string, Partial<Manifest>, number[]]>([
  ["more files than there are numbers", { statistics: { packets: 50, files: 2 ** 53 - 1 } }, [5]],
  ["a file of the last number there is", {}, [2 ** 32 - 1000]],
])("a manifest that is not true, for %s, keeps nobody busy", (_what, facts, there) => {
  const files = there.map((number) => ({ ...file(5), number }));
  expect(unseenRemovals({ ...MANIFEST, ...facts }, files, undefined).length).toBeLessThan(10_001);
});

test("a capture of as many files as there may be is repaired", () => {
  const files = Array.from({ length: 99_999 }, (_, index) => ({ ...file(9), number: index + 1 }));
  const manifest = { ...MANIFEST, files, current: { ...file(9), number: 100_000 } };
  const repaired = repairedManifest(manifest, { files, cutBytes: 0 });
  expect(repaired.statistics).toMatchObject({ files: 99_999 });
  expect(capturedThrough(repaired)).toBe("2026-01-01T00:00:09.000Z");
});
