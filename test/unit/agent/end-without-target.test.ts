import { expect, test } from "vitest";
import { endWithoutTarget } from "../../../src/agent/end-without-target.ts";

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
