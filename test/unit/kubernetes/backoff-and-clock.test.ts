import { expect, test } from "vitest";
import { createBackoff, jitteredDelay } from "../../../src/kubernetes/backoff.ts";
import { createServerClock } from "../../../src/kubernetes/server-clock.ts";

const RANGE = { first: 100, most: 30_000 };

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
  const wait = createBackoff(stop.signal, { first: 1e9, most: 1e9 }).wait();
  stop.abort();
  await expect(wait).rejects.toMatchObject({ name: "AbortError" });
});

test("a wait takes at least as long as the server wishes", async () => {
  const begun = performance.now();
  await createBackoff(new AbortController().signal, { first: 0, most: 0 }).wait(50);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(49);
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
