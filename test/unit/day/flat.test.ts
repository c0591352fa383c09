import { expect, test } from "vitest";
import { type Figure, judgeFlat } from "../../day/flat.ts";

const FIGURE: Figure = { name: "memory", by: "lowest", share: 0.05, slack: 4 };
const values = (value: (index: number) => number): number[] => Array.from({ length: 90 }, (_, i) => value(i));
/** A heap that grows and is collected. */
const sawtooth = (index: number): number => 100 + (index % 10) * 5;

test.each<[string, (index: number) => number]>([
  ["stays the same", () => 100],
  ["goes up and down", sawtooth],
  ["has warmed up", (index) => sawtooth(index) + Math.min(index, 20) * 3],
  ["comes down", (index) => 200 - index],
  ["is odd once", (index) => (index === 80 ? 5000 : 100)],
  ["is nothing", () => 0],
])("what %s is flat", (_what, value) => {
  expect(judgeFlat(FIGURE, values(value)).flat).toBe(true);
});

test.each<[string, (index: number) => number]>([
  ["grows all the time", (index) => 100 + index / 3],
  ["grows below its ups and downs", (index) => sawtooth(index) + index / 3],
  ["begins to grow in the last third", (index) => sawtooth(index) + Math.max(0, index - 60)],
  ["steps up late", (index) => (index > 55 ? 120 : 100)],
])("what %s is not", (_what, value) => {
  expect(judgeFlat(FIGURE, values(value)).flat).toBe(false);
});

test("the median tells of what stays more than half of the time", () => {
  const figure: Figure = { ...FIGURE, by: "median" };
  expect(
    judgeFlat(
      figure,
      values((index) => (index > 60 && index % 3 === 0 ? 500 : 100)),
    ).flat,
  ).toBe(true);
  expect(
    judgeFlat(
      figure,
      values((index) => (index > 60 && index % 3 !== 0 ? 500 : 100)),
    ).flat,
  ).toBe(false);
});

test("too few samples are no run", () => {
  expect(() => judgeFlat(FIGURE, [1, 2, 3])).toThrow("too few");
});
