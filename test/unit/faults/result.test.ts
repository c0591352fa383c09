import { expect, test } from "vitest";
import { tableText } from "../../faults/docs.ts";
import { readOptions } from "../../faults/options.ts";
import { type Result, rowsOf } from "../../faults/result.ts";
import { NEWER_SEEDS, NODES_SEEDS } from "../../faults/scenario.ts";

function* all(words: string[]): Generator<number | undefined> {
  const { seeds } = readOptions(words);
  for (let next = seeds.next(); next.done !== true; next = seeds.next()) yield next.value;
}

const RESULTS: Result[] = [
  { seed: 1, faults: ["agent-killed"], captures: 1, packets: 10, worst: 1500, findings: [] },
  {
    seed: 2,
    faults: ["agent-killed", "burst"],
    captures: 2,
    packets: 20,
    worst: 2500,
    findings: [
      { rule: "lost packets", kind: "lost", capture: "a", text: "", packets: 7 },
      { rule: "events", kind: "untrue", capture: "a", text: "" },
    ],
  },
];

test("a finding counts for each fault of its scenario", () => {
  const rows = rowsOf(RESULTS);
  expect(rows.find(({ kind }) => kind === "agent-killed")).toEqual({
    kind: "agent-killed",
    alone: 1,
    withOthers: 1,
    lost: 7,
    untrue: 1,
    worst: 2500,
  });
  expect(rows.find(({ kind }) => kind === "burst")).toMatchObject({
    alone: 0,
    withOthers: 1,
    lost: 7,
    untrue: 1,
  });
});

test("the table tells the sum, the seeds that failed, and a row for each fault", () => {
  const text = tableText(RESULTS, { commit: "abc1234", day: "2026-01-01", machine: "2 processors" });
  expect(text).toContain("**3 injections, 7 packets lost by us, 1 untrue statements.**");
  expect(text).toContain("Seeds in which a judge objected: 2.");
  expect(text).toContain("| agent: SIGKILL, back after up to 5 s | 1 | 1 | 7 | 1 | 2.5 s |");
});

test("the table names the seeds as the campaign takes them", () => {
  const results = [0, 1, 2, 7, 1000, 1001].flatMap((seed) =>
    RESULTS.slice(0, 1).map((one) => ({ ...one, seed })),
  );
  const text = tableText(results, { commit: "abc1234", day: "2026-01-01", machine: "2 processors" });
  expect(text).toContain("seeds 0-2,7,1000-1001, 6 scenarios");
});

test("options say which seeds, and for how long", () => {
  expect([...all(["--seed", "7"])]).toEqual([7]);
  expect([...all(["--seeds", "3-4,1000-1001,9"])]).toEqual([3, 4, 1000, 1001, 9]);
  expect([...all(["--seeds", "3-5", "--minutes", "2"])]).toEqual([3, 4, 5]);
  expect(readOptions(["--seeds", "3-5", "--minutes", "2"]).time).toBe(120_000);
});

test("without seeds those that once found something come first, and each comes once", () => {
  const { seeds } = readOptions(["--minutes", "5"]);
  const begin = Array.from({ length: 260 }, () => Number(seeds.next().value));
  expect(begin.slice(0, 2)).toEqual([1, 27]);
  const sorted = begin.toSorted((a, b) => a - b);
  const older = sorted.filter((seed) => seed < NEWER_SEEDS);
  const newer = sorted.filter((seed) => seed >= NEWER_SEEDS && seed < NODES_SEEDS);
  const ofNodes = sorted.filter((seed) => seed >= NODES_SEEDS);
  expect(older).toEqual(older.map((_, seed) => seed));
  expect(newer).toEqual(newer.map((_, index) => NEWER_SEEDS + index));
  expect(newer.length).toBeGreaterThan(older.length / 4);
  expect(ofNodes).toEqual(ofNodes.map((_, index) => NODES_SEEDS + index));
  expect(ofNodes.length).toBeGreaterThan(older.length / 16);
});

test("options that say nothing, or nothing that can be understood, are refused with a sentence", () => {
  for (const words of [[], ["--seeds", "9;10"], ["--seeds", "9-10,"], ["--minutes", "soon"]]) {
    expect(() => readOptions(words)).toThrow(/Usage: node test\/faults\/main.ts/);
  }
});
