import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { careForMemory } from "../../src/memory-care.ts";

const MEBIBYTE = 1 << 20;
const EVERY = 1000;
/** MiB */
let used: number;
let garbage: number;
let collections: number;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  used = 70;
  garbage = 0;
  collections = 0;
  const collect = () => {
    collections += 1;
    garbage = 0;
  };
  end = careForMemory({ size: () => (used + garbage) * MEBIBYTE, collect }, EVERY);
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

const looks = (count: number) => vi.advanceTimersByTime(count * EVERY);
const state = () => [used + garbage, collections];

test("what a burst of work has left is given back once it is over", () => {
  for (let step = 0; step < 5; step += 1) {
    garbage += 6;
    looks(1);
  }
  expect(state()).toEqual([100, 0]);
  looks(10);
  expect(state()).toEqual([70, 1]);
});

test("what is used is kept, and asked about again only after further growth", () => {
  used += 20;
  looks(10);
  expect(state()).toEqual([90, 1]);
  garbage += 3;
  looks(10);
  expect(state()).toEqual([93, 1]);
  garbage += 3;
  looks(10);
  expect(state()).toEqual([90, 2]);
});

test("slow growth is noticed as well", () => {
  for (let step = 0; step < 20; step += 1) {
    garbage += 0.5;
    looks(1);
  }
  expect(collections).toBe(2);
  expect(used + garbage).toBeLessThan(75);
});

test("what was given back without being asked is no room for new garbage", () => {
  used += 20;
  looks(10);
  used -= 20;
  looks(10);
  garbage += 6;
  looks(10);
  expect(state()).toEqual([70, 2]);
});

test("after its end nothing is collected", () => {
  end();
  garbage += 20;
  looks(10);
  expect(collections).toBe(0);
});
