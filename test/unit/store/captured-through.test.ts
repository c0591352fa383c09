import { expect, test } from "vitest";
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
