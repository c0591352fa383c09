import { describe, expect, test } from "vitest";
import { boundSockets } from "../../../bench/measured-program.ts";
import { median } from "../../../bench/median.ts";
import type { RunResult } from "../../../bench/results.ts";
import { rotated } from "../../../bench/rounds.ts";
import { summarize } from "../../../bench/summary.ts";
import type { WriterName } from "../../../bench/writers/index.ts";

function result(
  writer: WriterName,
  run: number,
  cpuPerMillion: number,
  more: Partial<RunResult> = {},
): RunResult {
  const counts = { sent: 1000, expected: 1000, written: 1000, lost: 0, files: 1 };
  const memory = { peakRssMib: 70, peakAnonymousMib: 4, preempted: 0 };
  const rate = { rate: 1000, rateMissed: false };
  const cost = { cpuSeconds: cpuPerMillion / 1000, cpuPerMillion };
  const name = { scenario: "one", label: writer, writer, run };
  return { ...name, ...counts, ...memory, ...rate, ...cost, problem: "", ...more };
}

describe("the bench's summary", () => {
  test("takes ratios round by round, so that a slow round does not count as a slow writer", () => {
    const rows = summarize([
      result("floor", 1, 0.02),
      result("pcapper", 1, 0.022),
      result("floor", 2, 0.2),
      result("pcapper", 2, 0.22),
    ]);
    expect(rows.find((row) => row.writer === "pcapper")?.timesFloor).toBeCloseTo(1.1);
  });

  test("compares with the cheaper tcpdump of each round, never with a rotating one", () => {
    const rows = summarize([
      result("pcapper", 1, 0.02),
      result("tcpdump", 1, 0.1),
      result("tcpdump-B", 1, 0.08),
      result("tcpdump-C", 1, 0.01),
    ]);
    expect(rows.find((row) => row.writer === "pcapper")?.cheaperThanTcpdump).toBeCloseTo(4);
  });

  test("leaves a ratio out where there is nothing to compare with", () => {
    const [row] = summarize([result("pcapper", 1, 0.02)]);
    expect(row?.timesFloor).toBeUndefined();
    expect(row?.cheaperThanTcpdump).toBeUndefined();
  });

  test("names each problem once and counts the runs whose rate was missed", () => {
    const bad = { problem: "an empty file", rateMissed: true };
    const [row] = summarize([result("floor", 1, 1, bad), result("floor", 2, 1, bad)]);
    expect(row?.problems).toEqual(["an empty file"]);
    expect(row?.rateMissed).toBe(2);
  });
});

describe("the bench's small parts", () => {
  test("the median of an even number of values lies between the middle two, and of none is an error", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  test("each round starts at the next writer, and every writer runs in every round", () => {
    expect(rotated(["a", "b", "c"], 4)).toEqual(["b", "c", "a"]);
    expect(rotated([], 3)).toEqual([]);
  });

  test("a packet socket counts as capturing only when it is bound to the interface and running", () => {
    const table = `sk       RefCnt Type Proto  Iface R Rmem   User   Inode
0000000000000000 3      3    0003   2     1 0      0      111
0000000000000000 3      3    0003   2     0 0      0      222
0000000000000000 3      3    0003   7     1 0      0      333`;
    expect(boundSockets(table, 2)).toEqual(["111"]);
  });
});
