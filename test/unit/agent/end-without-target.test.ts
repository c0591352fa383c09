import { expect, test } from "vitest";
import { endWithoutTarget, notOpened, withoutTarget } from "../../../src/agent/end-without-target.ts";
import { report } from "./fake-native.ts";

const SEEN = "2026-01-01T00:00:10.000Z";

test.each([
  ["TargetNotFound", "there is no pod shop/web."],
  ["InterfaceNotFound", 'spec.targetInterface is "eth7": node n has no such interface; it has lo and any.'],
] as const)(
  "%s of a target that was there: it went, and since when nothing was captured",
  (reason, message) => {
    expect(endWithoutTarget({ reason, message }, SEEN)).toEqual({
      reason: "TargetGone",
      message: `The target went while the agent was gone: ${message} Nothing was captured after ${SEEN}.`,
    });
  },
);

test.each([
  ["PodNetworkNotFound", "the network of pod shop/web was not found."],
  ["PermissionDenied", "entering: Operation not permitted."],
  ["CaptureError", "listing interfaces: Out of memory."],
] as const)("%s says nothing of the target: the capture was interrupted", (reason, message) => {
  expect(endWithoutTarget({ reason, message }, SEEN)).toEqual({
    reason: "Interrupted",
    message: `The capture could not go on: ${message}`,
  });
});

/** What a repair found uncounted is one gap with the time without an agent. */
const UNCOUNTED = { from: "2026-01-01T00:00:08.000Z", to: SEEN };
const FOUND = {
  gaps: [{ from: UNCOUNTED.from, to: "2026-01-01T00:00:25.000Z" }],
  gapsOnDisk: [UNCOUNTED],
  report: report({}),
};

test("one whose target went tells the time until its agent was back as a gap", () => {
  expect(withoutTarget(FOUND, { reason: "TargetNotFound", message: "" }).gaps).toEqual(FOUND.gaps);
});

test("one that could not be opened again has the gaps of its manifest", () => {
  expect(notOpened(FOUND, { reason: "CaptureError", message: "" }).gaps).toEqual([UNCOUNTED]);
});

test("one that was stopped while it was opened again tells the time until its agent was back as a gap", () => {
  const { gaps, report: last } = notOpened(FOUND, { reason: "Stopped", message: "" });
  expect(gaps).toEqual(FOUND.gaps);
  expect(last?.endTime).toBe(Date.parse("2026-01-01T00:00:25.000Z"));
});
