import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createWorkers } from "../../../../src/agent/cluster/workers.ts";

const STOP = { reason: "Stopped", message: "" };

function untilStopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener("abort", () => resolve());
  });
}

test("a key that is woken at work is worked on once more, not twice at a time", async () => {
  let atOnce = 0;
  let most = 0;
  let turns = 0;
  const finish: (() => void)[] = [];
  const workers = createWorkers(
    async () => {
      turns += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((resolve) => finish.push(resolve));
      atOnce -= 1;
    },
    () => undefined,
  );
  workers.wake("a");
  workers.wake("a");
  workers.wake("a");
  finish.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  finish.shift()?.();
  await workers.close(STOP);
  expect({ turns, most }).toEqual({ turns: 2, most: 1 });
});

describe("work that throws", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Fails `failures` times. */
  function failing(failures: number) {
    const found = { turns: 0, errors: [] as string[] };
    const workers = createWorkers(
      async (key) => {
        found.turns += 1;
        if (key === "waking") workers.wake(key);
        if (found.turns <= failures) throw new Error("no");
      },
      (key, error) => found.errors.push(`${key}: ${error.message}`),
      () => 0.999,
    );
    return { workers, found };
  }

  test("is told, and done again until it goes well", async () => {
    const { workers, found } = failing(2);
    workers.wake("a");
    await vi.advanceTimersByTimeAsync(0);
    expect(workers.isAtWork("a")).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(found).toEqual({ turns: 3, errors: ["a: no", "a: no"] });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is done again ever more rarely, at least once a minute or so", async () => {
    const { workers, found } = failing(1000);
    workers.wake("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(found.turns).toBe(6);
    await vi.advanceTimersByTimeAsync(605_000);
    expect(found.turns).toBe(16);
    await workers.close(STOP);
  });

  test("is done again at once when something new is heard of its key", async () => {
    const { workers, found } = failing(1);
    workers.wake("a");
    await vi.advanceTimersByTimeAsync(0);
    workers.wake("a");
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(found.turns).toBe(2);
  });

  test("has its pause, also where it wakes its own key before it fails", async () => {
    const { workers, found } = failing(1000);
    workers.wake("waking");
    await vi.advanceTimersByTimeAsync(400);
    expect(found.turns).toBe(1);
    await workers.close(STOP);
  });

  test("is not done again after closing", async () => {
    const { workers, found } = failing(1000);
    workers.wake("a");
    await vi.advanceTimersByTimeAsync(0);
    await workers.close(STOP);
    workers.wake("b");
    expect(vi.getTimerCount()).toBe(0);
    expect(found.turns).toBe(1);
  });
});

test("a stop reaches the work at hand with its reason, and only the first counts", async () => {
  const reasons: unknown[] = [];
  const workers = createWorkers(
    async (_key, stop) => {
      await untilStopped(stop);
      reasons.push(stop.reason);
    },
    () => undefined,
  );
  expect(workers.stop("a", STOP)).toBe(false);
  workers.wake("a");
  expect(workers.stop("a", STOP)).toBe(true);
  workers.stop("a", { reason: "TargetGone", message: "" });
  await workers.close({ reason: "Suspended", message: "" });
  expect(reasons).toEqual([STOP]);
});

test("closing asks all to end, waits for them, and takes no more", async () => {
  const ended: string[] = [];
  const workers = createWorkers(
    async (key, stop) => {
      await untilStopped(stop);
      ended.push(key);
    },
    () => undefined,
  );
  workers.wake("a");
  workers.wake("b");
  await workers.close(STOP);
  workers.wake("c");
  expect(ended.sort()).toEqual(["a", "b"]);
  expect(workers.isAtWork("c")).toBe(false);
});
