import { expect, test } from "vitest";
import type { CaptureState, Statistics } from "../../../src/capture/native.ts";
import { apiErrorClass, createApiErrorCounts, createCaptureTotals } from "../../../src/http/figures.ts";
import { NO_PACKETS, report } from "../agent/fake-native.ts";

/** An engine changes its state, and has counted this much by then. */
function tell(
  totals: ReturnType<typeof createCaptureTotals>,
  uid: string,
  statistics: Partial<Statistics>,
  state: CaptureState = "running",
): void {
  const now = report({ state, statistics: { ...NO_PACKETS, ...statistics } });
  totals.report(uid, now, () => now);
}

test("an agent that has captured nothing has zeros", () => {
  expect(createCaptureTotals().figures()).toEqual({
    packets: 0,
    bytes: 0,
    droppedByKernel: 0,
    droppedByInterface: 0,
    droppedOnWrite: 0,
    running: 0,
    ended: new Map(),
  });
});

test("running captures count by their latest report", () => {
  const totals = createCaptureTotals();
  tell(totals, "a", { packets: 1, bytes: 60 });
  tell(totals, "a", { packets: 5, bytes: 300, droppedByKernel: 2 });
  tell(totals, "b", { packets: 10, bytes: 600, droppedByInterface: 3, droppedOnWrite: 4 });
  expect(totals.figures()).toMatchObject({
    running: 2,
    packets: 15,
    bytes: 900,
    droppedByKernel: 2,
    droppedByInterface: 3,
    droppedOnWrite: 4,
  });
});

test("what was counted since an engine changed its state is asked of it", () => {
  const totals = createCaptureTotals();
  let packets = 1;
  const latest = () => report({ statistics: { ...NO_PACKETS, packets } });
  totals.report("a", latest(), latest);
  packets = 7;
  expect(totals.figures()).toMatchObject({ packets: 7, running: 1 });
  packets = 9;
  totals.ended("a", "Interrupted");
  packets = 11;
  expect(totals.figures()).toMatchObject({ packets: 9, running: 0 });
});

test("an ended capture counts once, for ever, and no longer as running", () => {
  const totals = createCaptureTotals();
  tell(totals, "a", { packets: 5 });
  tell(totals, "a", { packets: 7 }, "ended");
  expect(totals.figures()).toMatchObject({ packets: 7, running: 0, ended: new Map() });
  totals.ended("a", "TimeElapsed");
  expect(totals.figures()).toMatchObject({ packets: 7, running: 0, ended: new Map([["TimeElapsed", 1]]) });
});

test("a capture that ended without a report of the engine still counts as ended", () => {
  const totals = createCaptureTotals();
  totals.ended("a", "NoAgent");
  totals.ended("b", "NoAgent");
  expect(totals.figures()).toMatchObject({ packets: 0, ended: new Map([["NoAgent", 2]]) });
});

test("the end of a capture whose last report never came keeps what it had", () => {
  const totals = createCaptureTotals();
  tell(totals, "a", { packets: 5 });
  totals.ended("a", "Interrupted");
  expect(totals.figures()).toMatchObject({ packets: 5, running: 0 });
});

test("a resumed capture counts what this process captured, not what the earlier one had", () => {
  const totals = createCaptureTotals();
  totals.resumed("a", { ...NO_PACKETS, packets: 1000, bytes: 60_000, droppedByKernel: 9 });
  tell(totals, "a", {}, "opening");
  expect(totals.figures()).toMatchObject({ packets: 0, bytes: 0, droppedByKernel: 0 });
  tell(totals, "a", { packets: 1003, bytes: 60_180, droppedByKernel: 9 });
  expect(totals.figures()).toMatchObject({ running: 1, packets: 3, bytes: 180, droppedByKernel: 0 });
});

test("a capture that is resumed within one process counts nothing twice", () => {
  const totals = createCaptureTotals();
  tell(totals, "a", { packets: 4 }, "ended");
  totals.resumed("a", { ...NO_PACKETS, packets: 4 });
  tell(totals, "a", { packets: 6 }, "ended");
  expect(totals.figures()).toMatchObject({ packets: 6, running: 0 });
});

test("what has been shown never goes back, also where the engine counts a packet over as dropped", () => {
  const totals = createCaptureTotals();
  tell(totals, "a", { packets: 10 });
  expect(totals.figures()).toMatchObject({ packets: 10 });
  tell(totals, "a", { packets: 8, droppedOnWrite: 2 });
  expect(totals.figures()).toMatchObject({ packets: 10, droppedOnWrite: 2 });
});

test("figures are a copy", () => {
  const totals = createCaptureTotals();
  const before = totals.figures();
  tell(totals, "a", { packets: 1 });
  totals.ended("a", "Stopped");
  expect(before).toMatchObject({ packets: 0, ended: new Map() });
});

test.each([
  [409, "conflict"],
  [400, "4xx"],
  [404, "4xx"],
  [410, "4xx"],
  [500, "5xx"],
  [503, "5xx"],
  [0, "unreachable"],
  [200, "unreachable"],
  [600, "unreachable"],
])("status %i is of class %s", (status, expected) => {
  expect(apiErrorClass(status)).toBe(expected);
});

test("errors of the API server are counted by class", () => {
  const errors = createApiErrorCounts();
  for (const status of [409, 409, 403, 503, 0]) errors.count(status);
  const figures = errors.figures();
  errors.count(0);
  expect(figures).toEqual({ conflict: 2, "4xx": 1, "5xx": 1, unreachable: 1 });
});
