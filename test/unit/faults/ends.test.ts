import { expect, test } from "vitest";
import { rightEnds } from "../../faults/oracle/ends.ts";
import type { CaptureSeen, Observation } from "../../faults/oracle/observation.ts";
import { goodRun, T } from "./good-run.ts";

/** A capture from T + 2 s that should last until T + 8 s. */
const CASES: [string, (capture: CaptureSeen, seen: Observation) => void, string[]][] = [
  ["its time elapses", () => undefined, ["TimeElapsed"]],
  ["it is stopped", (capture) => (capture.stopAskedAt = T + 4000), ["Stopped"]],
  [
    "it is stopped shortly before its time is over",
    (capture) => (capture.stopAskedAt = T + 7500),
    ["Stopped", "TimeElapsed"],
  ],
  [
    "it is stopped while the API fails, until its time is over",
    (capture, seen) => {
      capture.stopAskedAt = T + 4000;
      seen.injections.push({ kind: "api-fails", from: T + 3000, to: T + 7900 });
    },
    ["Stopped", "TimeElapsed"],
  ],
  [
    "it has all packets that were asked for",
    (capture) => {
      capture.spec.packetCount = 600;
      Object.assign(capture.manifest ?? {}, { endTime: T + 7900 });
    },
    ["PacketCountReached"],
  ],
  [
    "it has all packets that were asked for when it had been frozen beyond its time",
    (capture) => {
      capture.spec.packetCount = 600;
      Object.assign(capture.manifest ?? {}, { endTime: T + 8400 });
    },
    ["PacketCountReached", "TimeElapsed"],
  ],
  ["it has not enough packets", (capture) => (capture.spec.packetCount = 601), ["TimeElapsed"]],
  [
    "the interface goes early",
    (_, seen) => void seen.injections.push({ kind: "interface-deleted", from: T + 3000, to: T + 3000 }),
    ["TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the interface goes as its time is over",
    (_, seen) => void seen.injections.push({ kind: "interface-deleted", from: T + 7000, to: T + 7000 }),
    ["TimeElapsed", "TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the interface goes when it had all its packets",
    (capture, seen) => {
      capture.spec.packetCount = 600;
      Object.assign(capture.manifest ?? {}, { endTime: T + 5000 });
      seen.injections.push({ kind: "interface-deleted", from: T + 4900, to: T + 5000 });
    },
    ["PacketCountReached", "TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the interface goes early and then it is stopped, both while the agent is away",
    (capture, seen) => {
      capture.stopAskedAt = T + 6800;
      seen.agentAway.push({ from: T + 2500, to: T + 7500 });
      seen.injections.push({ kind: "interface-deleted", from: T + 3000, to: T + 3000 });
    },
    ["Stopped", "TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the interface goes early and then it is stopped, before the agent is away",
    (capture, seen) => {
      capture.stopAskedAt = T + 6800;
      seen.agentAway.push({ from: T + 7000, to: T + 7500 });
      seen.injections.push({ kind: "interface-deleted", from: T + 3000, to: T + 3000 });
    },
    ["TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the interface goes before it began, and then it is stopped",
    (capture, seen) => {
      delete capture.manifest;
      capture.stopAskedAt = T + 5000;
      seen.injections.push({ kind: "interface-deleted", from: T + 1000, to: T + 1000 });
    },
    ["Stopped", "TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "the pod is replaced before it began",
    (_, seen) =>
      void seen.injections.push({ kind: "pod-replaced", from: T + 1000, to: T + 1500, capture: "one" }),
    ["TimeElapsed", "TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  ],
  [
    "the pod could be deleted only as its time was over: the API server was away until then",
    (_, seen) =>
      void seen.injections.push({
        kind: "pod-replaced",
        from: T + 3000,
        doneAt: T + 7500,
        to: T + 7500,
        capture: "one",
      }),
    ["TimeElapsed", "TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  ],
  [
    "the pod is deleted while its time is far from over",
    (_, seen) =>
      void seen.injections.push({ kind: "pod-deleted", from: T + 3000, to: T + 3000, capture: "one" }),
    ["TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  ],
  [
    "the pod is deleted while the API fails, until its time is over",
    (_, seen) =>
      void seen.injections.push(
        { kind: "pod-deleted", from: T + 3000, to: T + 3000, capture: "one" },
        { kind: "api-hangs", from: T + 2500, to: T + 7900 },
      ),
    ["TimeElapsed", "TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  ],
  [
    "the pod goes while JavaScript is blocked, until its time is over",
    (_, seen) =>
      void seen.injections.push(
        { kind: "pod-network-gone", from: T + 3000, to: T + 3000, capture: "one" },
        { kind: "agent-blocked", from: T + 2500, to: T + 8100 },
      ),
    ["TimeElapsed", "TargetGone", "PodNetworkNotFound", "Interrupted"],
  ],
  [
    "the interface goes while JavaScript is blocked: the engine is not",
    (_, seen) =>
      void seen.injections.push(
        { kind: "interface-deleted", from: T + 3000, to: T + 3000 },
        { kind: "agent-blocked", from: T + 2500, to: T + 8100 },
      ),
    ["TargetGone", "InterfaceNotFound", "Interrupted"],
  ],
  [
    "it is stopped while JavaScript is blocked, until its time is over",
    (capture, seen) => {
      capture.stopAskedAt = T + 4000;
      seen.injections.push({ kind: "agent-blocked", from: T + 3000, to: T + 7900 });
    },
    ["Stopped", "TimeElapsed"],
  ],
  [
    "the agent is back when its clock is an hour ahead",
    (capture, seen) => {
      capture.spec.captureSeconds = 60;
      seen.agentAway.push({ from: T + 3000, to: T + 4000 });
      seen.injections.push({ kind: "clock-ahead", from: T + 2500, to: T + 5000 });
    },
    ["TimeElapsed"],
  ],
  [
    "the disk fails while its files are closed",
    (_, seen) => void seen.injections.push({ kind: "disk-errors", from: T + 8300, to: T + 9000 }),
    ["TimeElapsed", "WriteError"],
  ],
  [
    "the disk is full before the last packets are written",
    (_, seen) => void seen.injections.push({ kind: "disk-full", from: T + 8100, to: T + 9000 }),
    ["TimeElapsed", "DiskFull", "DiskPressure", "NotEnoughDiskSpace"],
  ],
  [
    "the disk is full when it is over",
    (_, seen) => void seen.injections.push({ kind: "disk-full", from: T + 10_100, to: T + 11_000 }),
    ["TimeElapsed"],
  ],
  [
    "the disk fails when it is over",
    (_, seen) => void seen.injections.push({ kind: "disk-errors", from: T + 10_100, to: T + 11_000 }),
    ["TimeElapsed"],
  ],
  [
    "the disk fails",
    (_, seen) => void seen.injections.push({ kind: "disk-errors", from: T + 3000, to: T + 4000 }),
    ["TimeElapsed", "WriteError"],
  ],
  [
    "another capture's pod goes",
    (_, seen) =>
      void seen.injections.push({ kind: "pod-deleted", from: T + 3000, to: T + 3000, capture: "other" }),
    ["TimeElapsed"],
  ],
  [
    "the agent is back long before the end",
    (capture, seen) => {
      capture.spec.captureSeconds = 60;
      seen.agentAway.push({ from: T + 3000, to: T + 4000 });
    },
    ["TimeElapsed"],
  ],
  [
    "the agent is away at the end",
    (_, seen) => void seen.agentAway.push({ from: T + 7000, to: T + 9000 }),
    ["TimeElapsed", "Interrupted"],
  ],
  [
    "the agent dies while it closes the files",
    (_, seen) => void seen.agentAway.push({ from: T + 8500, to: T + 12_000 }),
    ["TimeElapsed", "Interrupted"],
  ],
  [
    "the agent is back, and the API is not",
    (capture, seen) => {
      capture.spec.captureSeconds = 40;
      seen.agentAway.push({ from: T + 3000, to: T + 4000 });
      seen.injections.push({ kind: "api-killed", from: T + 3500, to: T + 9000 });
    },
    ["TimeElapsed", "Interrupted"],
  ],
];

for (const [what, arrange, expected] of CASES) {
  test(`where ${what}, the true ends are ${expected.join(" and ")}`, () => {
    const seen = goodRun();
    const [capture] = seen.captures;
    if (capture === undefined) throw new Error("there is a capture");
    arrange(capture, seen);
    expect([...rightEnds(capture, seen)].sort()).toEqual([...expected].sort());
  });
}
