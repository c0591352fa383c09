import { afterEach, expect, test, vi } from "vitest";
import { type Backoff, createBackoff, jitteredDelay } from "../../../src/kubernetes/backoff.ts";
import { KubernetesError } from "../../../src/kubernetes/kubernetes-error.ts";
import { createReach } from "../../../src/kubernetes/reach.ts";
import { createServerClock } from "../../../src/kubernetes/server-clock.ts";

const RANGE = { first: 100, most: 30_000 };
const LONG = { first: 1e9, most: 1e9 };
const NEVER = new AbortController().signal;

afterEach(() => void vi.useRealTimers());

test.each([
  [0, 1, 100],
  [1, 1, 200],
  [5, 1, 3200],
  [9, 1, 30_000],
  [5000, 1, 30_000],
  [5000, 0, 0],
  [3, 0.5, 400],
])("attempt %i with chance %d waits %i ms", (attempt, random, delay) => {
  expect(jitteredDelay(attempt, RANGE, random)).toBe(delay);
});

test("a wait ends when it is aborted", async () => {
  const stop = new AbortController();
  const wait = createBackoff(stop.signal, { range: LONG }).wait();
  stop.abort();
  await expect(wait).rejects.toMatchObject({ name: "AbortError" });
});

test("a wait takes at least as long as the server wishes", async () => {
  const begun = performance.now();
  const failure = new KubernetesError("slow down", { status: 429, retryAfter: 50 });
  await createBackoff(NEVER, { range: { first: 0, most: 0 } }).wait(failure);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(49);
});

/** A wait under fake timers: whether it is over. */
function waiting(backoff: Backoff, failure?: unknown): () => boolean {
  let over = false;
  void backoff.wait(failure).then(() => {
    over = true;
  });
  return () => over;
}

test("all who wait go on within a moment when the API is back, and not all at once", async () => {
  vi.useFakeTimers();
  const { onReturn, seen, missed } = createReach();
  const waits = Array.from({ length: 1000 }, () => waiting(createBackoff(NEVER, { onReturn, range: LONG })));
  const over = () => waits.filter((isOver) => isOver()).length;
  missed();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(over()).toBe(0);
  seen();
  await vi.advanceTimersByTimeAsync(150);
  expect(over()).toBeGreaterThan(0);
  expect(over()).toBeLessThan(300);
  await vi.advanceTimersByTimeAsync(1350);
  expect(over()).toBe(1000);
});

test("an answer while the API is there shortens no wait: what failed may fail again", async () => {
  vi.useFakeTimers();
  const { onReturn, seen } = createReach();
  const isOver = waiting(createBackoff(NEVER, { onReturn, range: LONG }));
  seen();
  seen();
  await vi.advanceTimersByTimeAsync(5000);
  expect(isOver()).toBe(false);
});

test("what a server asked for is kept to, also when the API is back", async () => {
  vi.useFakeTimers();
  const { onReturn, seen, missed } = createReach();
  const failure = new KubernetesError("slow down", { status: 429, retryAfter: 10_000 });
  const isOver = waiting(createBackoff(NEVER, { onReturn, range: { first: 0, most: 0 } }), failure);
  missed();
  seen();
  await vi.advanceTimersByTimeAsync(9_990);
  expect(isOver()).toBe(false);
  await vi.advanceTimersByTimeAsync(20);
  expect(isOver()).toBe(true);
});

test("what a server refuses that has just come back is not held against it for as long as it was away", async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  const backoff = createBackoff(NEVER);
  const isOverAfter = async (status: number, milliseconds: number): Promise<boolean> => {
    const isOver = waiting(backoff, new KubernetesError("no", { status }));
    await vi.advanceTimersByTimeAsync(milliseconds);
    return isOver();
  };
  for (let attempt = 0; attempt < 8; attempt += 1) expect(await isOverAfter(0, 10_000)).toBe(true);
  expect(await isOverAfter(410, 100)).toBe(true);
  expect(await isOverAfter(429, 200)).toBe(true);
  // One that is there now and then is not asked without end.
  expect(await isOverAfter(0, 9_999)).toBe(false);
  expect(await isOverAfter(429, 399)).toBe(false);
  vi.restoreAllMocks();
});

test("a server that is not there is tried every ten seconds at least", async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  const backoff = createBackoff(NEVER);
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const isOver = waiting(backoff, new KubernetesError("away", { status: 0 }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(isOver()).toBe(true);
  }
  vi.restoreAllMocks();
});

test("before the first answer nothing is known of the server's time", () => {
  expect(createServerClock().at(5)).toBeUndefined();
});

test("the first answer tells the time within a second", () => {
  const clock = createServerClock();
  clock.observe(1_000_000, 10, 20);
  // It was between 1,000,000 and 1,001,000 somewhere between 10 and 20.
  expect(clock.at(20)).toBe(1_000_505);
});

test("further answers tell it better: the second's end shows", () => {
  const clock = createServerClock();
  clock.observe(1_000_000, 0, 0);
  clock.observe(1_000_000, 900, 900);
  clock.observe(1_001_000, 920, 920);
  expect(Math.abs((clock.at(920) ?? 0) - 1_001_000)).toBeLessThanOrEqual(20);
});

test("a server's clock that is set, either way, is believed", () => {
  const clock = createServerClock();
  clock.observe(1_000_000, 0, 0);
  clock.observe(9_000_000, 10, 10);
  expect(clock.at(10)).toBe(9_000_500);
  clock.observe(1_000_000, 20, 20);
  expect(clock.at(20)).toBe(1_000_500);
});
