import { describe, expect, test } from "vitest";
import { podObstacle } from "../../../src/target/pod-obstacle.ts";
import { NODE, pod } from "./fake-node.ts";

const TARGET = { namespace: "shop", pod: "web" };

describe("a pod without a network to capture on", () => {
  test.each([
    ["no pod", undefined, "TargetNotFound", "there is no pod shop/web."],
    ["pending", pod({ status: { phase: "Pending" } }), "PodNetworkNotFound", "pod shop/web is Pending: "],
    [
      "succeeded",
      pod({ status: { phase: "Succeeded" } }),
      "PodNetworkNotFound",
      "pod shop/web is Succeeded: ",
    ],
    ["failed", pod({ status: { phase: "Failed" } }), "PodNetworkNotFound", "is Failed: only a Running pod"],
    [
      "being deleted",
      pod({ metadata: { deletionTimestamp: "2026-11-24T10:00:00Z" } }),
      "PodNetworkNotFound",
      "is being deleted since 2026-11-24T10:00:00Z",
    ],
    [
      "elsewhere",
      pod({ spec: { nodeName: "node-b" } }),
      "PodNetworkNotFound",
      "runs on node node-b, not on this one, node-a",
    ],
    ["not scheduled", pod({ spec: { nodeName: "" } }), "PodNetworkNotFound", "has no node yet"],
    ["no IP", pod({ status: { podIP: "" } }), "PodNetworkNotFound", "has no IP yet"],
  ])("%s", (_what, found, reason, sentence) => {
    const failure = podObstacle(TARGET, found, NODE);
    expect(failure?.reason).toBe(reason);
    expect(failure?.message).toContain(sentence);
  });

  test("a Running pod of this node is none", () => {
    expect(podObstacle(TARGET, pod({}), NODE)).toBeUndefined();
  });
});
