import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { admit } from "../../../src/store/files/admission.ts";
import { withStartLock } from "../../../src/store/files/start-lock.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { createFakeNative, type FakeNative } from "../agent/fake-native.ts";

let output: TemporaryFolder;
let native: FakeNative;

beforeEach(() => {
  output = makeTemporaryFolder();
  native = createFakeNative();
});
afterEach(() => {
  vi.useRealTimers();
  output.remove();
});

const lockPath = () => join(output.path, ".pcapper.lock");

test("those of one process take turns in the order they came, and nobody gives up, however long it takes", async () => {
  vi.useFakeTimers();
  const order: number[] = [];
  const all = Array.from({ length: 20 }, (_, index) =>
    withStartLock(native, output.path, async () => {
      order.push(index);
      // Longer than another process would be waited for.
      await new Promise((resolve) => setTimeout(resolve, 40_000));
    }),
  );
  await vi.advanceTimersByTimeAsync(20 * 40_000);
  await Promise.all(all);
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(native.held).toEqual(new Set());
});

test("one that fails lets the next one go on", async () => {
  const failing = withStartLock(native, output.path, () => Promise.reject(new Error("no")));
  const next = withStartLock(native, output.path, async () => "done");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
});

test("another process that holds it for half a minute is given up", async () => {
  vi.useFakeTimers();
  native.held.add(lockPath());
  const work = withStartLock(native, output.path, async () => "done").catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(await work).toMatch(/another process has held .+ for 30 s/);
});

test("a refusal for the number of captures does not look at the disk", async () => {
  const room = vi.spyOn(native, "fileSystemRoom");
  const limits = {
    maxTotalFileSize: 1e12,
    minFreeDisk: { kind: "bytes", bytes: 0 },
    captureMemory: 1e9,
  } as const;
  const settings = { ...limits, maxCaptures: 0, captureBuffer: 1 };
  const needs = { worstCase: 1, ring: 1 };
  const refusal = await admit({ native, settings, output: output.path }, needs, () => undefined);
  expect(refusal?.reason).toBe("TooManyCaptures");
  expect(room).not.toHaveBeenCalled();
});
