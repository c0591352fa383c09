import { expect, test } from "vitest";
import type { Manifest } from "../../../src/store/files/manifest.ts";
import { finishedManifest } from "../../../src/store/files/repair.ts";

const MANIFEST: Manifest = {
  manifest: "pcapper/v1",
  capture: { namespace: "pcapper", name: "c", uid: "u", node: "n", spec: {} },
  reservedThrough: 64,
  files: [],
  removed: { files: 0, packets: 0 },
  statistics: {},
};
const END = { reason: "TargetGone", message: "" };
const SEEN = "2026-01-01T00:00:10.000Z";
const LATER = "2026-01-01T00:00:25.000Z";
const before = { from: "2026-01-01T00:00:01.000Z", to: "2026-01-01T00:00:03.000Z" };

test("an end later than the capture was last seen is a gap, behind the others", () => {
  const { gaps, finished } = finishedManifest({ ...MANIFEST, lastSeen: SEEN, gaps: [before] }, END, LATER);
  expect(gaps).toEqual([before, { from: SEEN, to: LATER }]);
  expect(finished).toEqual({ ...END, time: LATER });
});

test.each([
  ["was seen until its end", { lastSeen: SEEN, gaps: [before] }, SEEN, [before]],
  ["was never gone", {}, LATER, undefined],
])("one that %s has no more gaps than before", (_what, facts, time, gaps) => {
  expect(finishedManifest({ ...MANIFEST, ...facts }, END, time).gaps).toEqual(gaps);
});

test("is one gap with what a repair found uncounted just before it, as the status tells it", () => {
  const uncounted = { from: "2026-01-01T00:00:08.000Z", to: SEEN };
  const { gaps } = finishedManifest({ ...MANIFEST, lastSeen: SEEN, gaps: [before, uncounted] }, END, LATER);
  expect(gaps).toEqual([before, { from: uncounted.from, to: LATER }]);
});
