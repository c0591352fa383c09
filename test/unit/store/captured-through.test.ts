import { describe, expect, test } from "vitest";
import type { Manifest, ManifestFile } from "../../../src/store/files/manifest.ts";
import { capturedThrough } from "../../../src/store/files/repair.ts";

const MANIFEST: Manifest = {
  manifest: "pcapper/v1",
  capture: { namespace: "default", name: "a", uid: "u", node: "n", spec: {} },
  startTime: "2026-01-01T00:00:01.000000000Z",
  reservedThrough: 64,
  files: [],
  removed: { files: 0, packets: 0 },
  statistics: {},
};

function file(lastTimestamp: string): ManifestFile {
  return { name: "f", number: 1, packets: 1, bytes: 100, firstTimestamp: lastTimestamp, lastTimestamp };
}

const PACKET = file("2026-01-01T00:00:05.123456789Z");

test.each<[string, Partial<Manifest>, ManifestFile[], string]>([
  ["began, and has no packet", {}, [], "2026-01-01T00:00:01.000Z"],
  [
    "has packets: its newest one",
    {},
    [file("2026-01-01T00:00:03.000000000Z"), PACKET],
    "2026-01-01T00:00:05.123Z",
  ],
  [
    "went on after a gap, and has no packet since: the end of the gap",
    { gaps: [{ from: "2026-01-01T00:00:06Z", to: "2026-01-01T00:00:08.5Z" }] },
    [PACKET],
    "2026-01-01T00:00:08.500Z",
  ],
  [
    "was left to the next process: what its engine said then",
    { capturedThrough: "2026-01-01T00:01:00.000000001Z" },
    [PACKET],
    "2026-01-01T00:01:00.000Z",
  ],
  ["has a file without a packet", {}, [file("")], "2026-01-01T00:00:01.000Z"],
  [
    "has its packets in files that were removed: the newest of them",
    { removed: { files: 3, packets: 30, lastTimestamp: "2026-01-01T00:00:04.000000000Z" } },
    [],
    "2026-01-01T00:00:04.000Z",
  ],
])("a capture that %s", (_what, facts, files, expected) => {
  expect(capturedThrough({ ...MANIFEST, ...facts, files })).toBe(expected);
});

describe("by a clock that was set back since", () => {
  const AGENT_LEFT = { capturedThrough: "2026-01-01T00:00:04Z" };
  const before = { from: "2026-01-01T00:00:01.5Z", to: "2026-01-01T00:00:02Z" };
  const LATER = file("2026-01-01T01:00:00Z");

  test.each<[string, Partial<Manifest>, ManifestFile[], string]>([
    ["what its engine said", AGENT_LEFT, [LATER], "2026-01-01T00:00:04.000Z"],
    ["the end of its last gap", { gaps: [before] }, [LATER], "2026-01-01T00:00:02.000Z"],
    ["the newest packet before now", {}, [PACKET, LATER], "2026-01-01T00:00:05.123Z"],
    ["its start", {}, [LATER], "2026-01-01T00:00:01.000Z"],
  ])("packets that are still to come say nothing: it is %s", (_what, facts, files, expected) => {
    const now = Date.parse("2026-01-01T00:00:10Z");
    expect(capturedThrough({ ...MANIFEST, ...facts, files }, now)).toBe(expected);
  });

  test("where even its start is still to come, all is by the clock as it was", () => {
    const now = Date.parse("2025-12-31T00:00:00Z");
    expect(capturedThrough({ ...MANIFEST, files: [PACKET] }, now)).toBe("2026-01-01T00:00:05.123Z");
  });
});
