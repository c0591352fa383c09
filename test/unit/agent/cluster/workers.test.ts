import { expect, test } from "vitest";
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

test("what work throws is told, and the key can be woken again", async () => {
  const errors: string[] = [];
  const workers = createWorkers(
    () => Promise.reject(new Error("no")),
    (key, error) => errors.push(`${key}: ${error.message}`),
  );
  workers.wake("a");
  await new Promise((resolve) => setImmediate(resolve));
  expect(workers.isAtWork("a")).toBe(false);
  workers.wake("a");
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual(["a: no", "a: no"]);
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
