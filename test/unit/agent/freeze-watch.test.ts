import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFreezeWatch, type FreezeWatch } from "../../../src/agent/answers/freeze-watch.ts";

/** Milliseconds that the process was stopped; its timers do not see them. */
let stopped: number;
/** Milliseconds that the machine was suspended: only one of its clocks counts them. */
let suspended: number;
let watch: FreezeWatch;

beforeEach(() => {
  vi.useFakeTimers();
  stopped = 0;
  suspended = 0;
  watch = createFreezeWatch(monotonic, () => monotonic() + suspended);
});

const monotonic = () => performance.now() + stopped;

afterEach(() => {
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("a process that runs has not stood still, however long nobody asks", async () => {
  await vi.advanceTimersByTimeAsync(600_000);
  expect(watch.last()).toBe(Number.NEGATIVE_INFINITY);
});

test("a machine that was suspended is noticed by whoever asks first", async () => {
  await vi.advanceTimersByTimeAsync(10_500);
  suspended = 60_000;
  expect(watch.last()).toBe(performance.now());
});

test("a process that was stopped is noticed: its clock has gone on, its timers have not", async () => {
  await vi.advanceTimersByTimeAsync(10_500);
  stopped = 3600;
  expect(watch.last()).toBe(monotonic());
});

test("a freeze that nobody asked about is noticed by the next tick, and not forgotten", async () => {
  await vi.advanceTimersByTimeAsync(10_500);
  stopped = 3600;
  await vi.advanceTimersByTimeAsync(600);
  const at = monotonic();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(watch.last()).toBeGreaterThan(at - 200);
  expect(watch.last()).toBeLessThanOrEqual(at);
});

test("a freeze is told once: what is seen after it counts", async () => {
  suspended = 60_000;
  const at = watch.last();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(watch.last()).toBe(at);
});
