import { expect, test } from "vitest";
import type { Manifest, ManifestFile } from "../../../src/store/files/manifest.ts";
import { capturedThrough, repairedManifest } from "../../../src/store/files/repair.ts";
import { unseenRemovals } from "../../../src/store/files/unseen-removals.ts";

/** Ten packets of which the last came `number` seconds after the start. */
function file(number: number): ManifestFile {
  const time = `2026-01-01T00:00:${String(number).padStart(2, "0")}.000000000Z`;
  return { name: `f.${number}`, number, packets: 10, bytes: 1184, firstTimestamp: time, lastTimestamp: time };
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

test.each<[string, number[], number[], { files: number; packets: number }, number]>([
  ["died at once", [3, 4, 5], [], { files: 2, packets: 20 }, 5],
  ["turned once more: what went was listed", [4, 5, 6], [], { files: 3, packets: 30 }, 6],
  ["turned twice more: nobody knows what was in 4", [5, 6, 7], [4], { files: 4, packets: 30 }, 3],
  ["turned round: of 5 is known what was published", [6, 7, 8], [4, 5], { files: 5, packets: 40 }, 3],
])("a ring that %s", (_what, there, unseen, removed, through) => {
  const files = there.map(file);
  expect(unseenRemovals(MANIFEST, files)).toEqual(unseen);
  const repaired = repairedManifest(MANIFEST, files);
  expect(repaired.removed).toEqual(removed);
  expect(repaired.statistics).toMatchObject({
    packets: removed.packets + 10 * files.length,
    filesRemoved: removed.files,
  });
  const counted = `2026-01-01T00:00:0${through}.000Z`;
  expect(capturedThrough(MANIFEST, files)).toBe(counted);
  // What is kept of the time since is in a gap, and is what it was seen last by.
  const newest = `2026-01-01T00:00:0${there.at(-1)}.000Z`;
  expect(repaired.gaps ?? []).toEqual(newest === counted ? [] : [{ from: counted, to: newest }]);
  expect(capturedThrough(repaired, files)).toBe(newest);
});

test("where every file was synced, only what came after the current one is unseen", () => {
  const manifest = { ...MANIFEST, files: [file(3), file(4)] };
  const files = [6, 7, 8].map(file);
  expect(unseenRemovals(manifest, files)).toEqual([5]);
  expect(capturedThrough(manifest, files)).toBe("2026-01-01T00:00:05.000Z");
});

test("one that was left to the next process has removed nothing unseen", () => {
  const { current: _, ...left } = MANIFEST;
  expect(unseenRemovals(left, [file(9)])).toEqual([]);
});

test("an empty file that went in the repair was not removed by the ring", () => {
  const current = { ...file(5), packets: 0, bytes: 24, firstTimestamp: "", lastTimestamp: "" };
  const files = [file(3), file(4)];
  expect(unseenRemovals({ ...MANIFEST, current }, files)).toEqual([]);
  expect(repairedManifest({ ...MANIFEST, current }, files).removed).toEqual({ files: 2, packets: 20 });
  expect(capturedThrough({ ...MANIFEST, current }, files)).toBe("2026-01-01T00:00:04.000Z");
});
