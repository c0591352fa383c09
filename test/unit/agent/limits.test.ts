import { describe, expect, test } from "vitest";
import {
  type CaptureNeeds,
  freeDiskFloor,
  type Limits,
  type RoomFigures,
  type RunningFigures,
  recordsRoom,
  refusalByRoom,
  refusalByRunning,
} from "../../../src/agent/limits.ts";

const LIMITS: Limits = {
  maxTotalFileSize: 1000,
  minFreeDisk: { kind: "bytes", bytes: 500 },
  maxCaptures: 2,
  captureMemory: 100,
};
type NodeFigures = RunningFigures & RoomFigures;
const NODE: NodeFigures = {
  used: 0,
  free: 5000,
  fileSystemSize: 10_000,
  promised: 0,
  runningCaptures: 0,
  runningRings: 0,
};
const NEEDS: CaptureNeeds = { worstCase: 400, ring: 50 };

const refusalByLimits = (limits: Limits, node: NodeFigures, needs: CaptureNeeds) =>
  refusalByRunning(limits, node, needs) ?? refusalByRoom(limits, node, needs);

type Case = [string, Partial<NodeFigures>, Partial<CaptureNeeds>, string | undefined];

const CASES: Case[] = [
  ["an empty node takes it", {}, {}, undefined],
  ["room for exactly the worst case is enough", { used: 600 }, {}, undefined],
  ["one byte more on disk is too much", { used: 601 }, {}, "TotalFileSizeExceeded"],
  ["what the running ones may still write counts", { used: 300, promised: 301 }, {}, "TotalFileSizeExceeded"],
  ["a worst case above the limit never fits", {}, { worstCase: 1001 }, "TotalFileSizeExceeded"],
  ["what must stay free may just stay free", { free: 900 }, {}, undefined],
  ["one byte less free is too little", { free: 899 }, {}, "NotEnoughDiskSpace"],
  ["free space is promised once only", { free: 1000, promised: 101 }, {}, "NotEnoughDiskSpace"],
  ["the last capture allowed is let in", { runningCaptures: 1, runningRings: 50 }, {}, undefined],
  ["one capture too many is refused", { runningCaptures: 2 }, {}, "TooManyCaptures"],
  ["rings share one budget", { runningCaptures: 1, runningRings: 51 }, {}, "NotEnoughMemory"],
  ["a ring larger than the budget never fits", {}, { ring: 101 }, "NotEnoughMemory"],
];

test.each(CASES)("%s", (_name, node, needs, reason) => {
  expect(refusalByLimits(LIMITS, { ...NODE, ...node }, { ...NEEDS, ...needs })?.reason).toBe(reason);
});

test.each([1, 10, 99_999])("manifest, draft and reserve of %i files fit into their room", (files) => {
  const longest = 465;
  expect(recordsRoom(files)).toBeGreaterThanOrEqual(3 * longest * (files + 1) + 3 * 32 * 1024);
});

describe("what a refusal says", () => {
  test("needed, on disk, promised and limit, for the total size", () => {
    const refusal = refusalByLimits(LIMITS, { ...NODE, used: 500, promised: 200 }, NEEDS);
    for (const figure of ["400 bytes", "500 bytes", "200 bytes", "1 kB", "MAX_TOTAL_FILESIZE"]) {
      expect(refusal?.message).toContain(figure);
    }
  });

  test("needed, free, promised and limit, for the disk", () => {
    const limits: Limits = { ...LIMITS, minFreeDisk: { kind: "share", percent: 10 } };
    const refusal = refusalByLimits(limits, { ...NODE, free: 1300 }, NEEDS);
    for (const figure of ["400 bytes", "1.3 kB", "1 kB must stay free", "MIN_FREE_DISK is 10 %"]) {
      expect(refusal?.message).toContain(figure);
    }
  });
});

test("a share of what must stay free is of the whole file system, rounded up", () => {
  expect(freeDiskFloor({ kind: "share", percent: 10 }, 10_001)).toBe(1001);
});
