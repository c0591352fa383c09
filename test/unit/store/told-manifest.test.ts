import { expect, test } from "vitest";
import type { Manifest } from "../../../src/store/files/manifest.ts";
import { type ToldEnd, toldManifest } from "../../../src/store/files/told-manifest.ts";

const at = (seconds: string) => `2026-01-01T00:00:${seconds}Z`;
const MANIFEST: Manifest = {
  manifest: "pcapper/v1",
  capture: { namespace: "pcapper", name: "c", uid: "u", node: "n", spec: {} },
  reservedThrough: 64,
  files: [],
  removed: { files: 3, packets: 40 },
  statistics: { packets: 100, droppedOnWrite: 0 },
  lastSeen: at("08.000"),
};
const TOLD: ToldEnd = {
  end: { reason: "WriteError", message: "EIO" },
  endTime: at("09.500"),
  gaps: {},
  packets: 130,
  counted: { droppedOnWrite: 7 },
};
const AWAY = { from: at("01.000"), to: at("03.000") };
const UNCOUNTED = { from: at("05.000"), to: at("08.000") };

test("the end is that of the status, also where its last packet is older, and no gap is before it", () => {
  expect(toldManifest(MANIFEST, { ...TOLD, packets: 100 })).toMatchObject({
    finished: { reason: "WriteError", message: "EIO", time: at("09.500") },
    gaps: [],
    statistics: { packets: 100, droppedOnWrite: 7 },
  });
});

test("what the ring removed after the last manifest is no gap: the engine counted it", () => {
  const repaired = { ...MANIFEST, gaps: [AWAY, UNCOUNTED] };
  expect(toldManifest(repaired, { ...TOLD, gaps: { resumes: 1, gapSeconds: 2 } })).toMatchObject({
    gaps: [AWAY],
    removed: { files: 3, packets: 70 },
    statistics: { packets: 130 },
  });
});

test("packets that the disk lost do not count as removed", () => {
  const repaired = { ...MANIFEST, gaps: [AWAY] };
  const { removed, statistics } = toldManifest(repaired, { ...TOLD, gaps: { resumes: 1, gapSeconds: 2 } });
  expect([removed.packets, statistics.packets]).toEqual([40, 100]);
});

test("a gap until its end, which was told where no engine was there any more, is in it", () => {
  const told = { ...TOLD, gaps: { resumes: 2, gapSeconds: 4 } };
  expect(toldManifest({ ...MANIFEST, gaps: [AWAY] }, told).gaps).toEqual([
    AWAY,
    { from: at("08.000"), to: at("09.500") },
  ]);
});

test("and is one with what a repair found uncounted just before it", () => {
  const told = { ...TOLD, gaps: { resumes: 1, gapSeconds: 5 } };
  const { gaps, removed } = toldManifest({ ...MANIFEST, gaps: [UNCOUNTED] }, told);
  expect(gaps).toEqual([{ from: at("05.000"), to: at("09.500") }]);
  expect(removed.packets).toBe(40);
});

test("one that an engine wrote and then could not begin after is not in it", () => {
  const { lastSeen: _engine, ...written } = MANIFEST;
  const gaps = [AWAY, { from: at("09.500"), to: at("12.000") }];
  const told = { ...TOLD, packets: 100, gaps: { resumes: 1, gapSeconds: 2 } };
  expect(toldManifest({ ...written, gaps }, told)).toMatchObject({ gaps: [AWAY], removed: { packets: 40 } });
});

test("nor the part of it that is one with what a repair found uncounted", () => {
  const written = [AWAY, { from: UNCOUNTED.from, to: at("12.000") }];
  const told = { ...TOLD, endTime: UNCOUNTED.to, gaps: { resumes: 2, gapSeconds: 5 } };
  expect(toldManifest({ ...MANIFEST, gaps: written }, told).gaps).toEqual([AWAY, UNCOUNTED]);
});

test("a gap that was told by a clock that was set is not left out for its length", () => {
  const told = { ...TOLD, gaps: { resumes: 2, gapSeconds: 3 } };
  expect(toldManifest({ ...MANIFEST, gaps: [AWAY] }, told).gaps).toHaveLength(2);
});
