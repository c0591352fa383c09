import { expect, test } from "vitest";
import { type Knowledge, reconcile, type Step } from "../../../src/agent/reconcile.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";

type Case = [
  name: string,
  status: PacketCapture["status"],
  stop: boolean,
  known: Partial<Knowledge>,
  expected: Step["do"],
];

const MINE = "node-1";

const CASES: Case[] = [
  ["a new capture of this node is claimed", undefined, false, {}, "claim"],
  ["a status without progress is as good as none", {}, false, {}, "claim"],
  ["a new capture of another node is left alone", undefined, false, { targetIsHere: false }, "nothing"],
  ["a capture stopped before anybody claimed it is claimed first", undefined, true, {}, "claim"],
  ["what we claimed is started", { progress: "scheduled", node: MINE }, false, {}, "start"],
  [
    "what another node claimed is left alone",
    { progress: "scheduled", node: "node-2" },
    false,
    {},
    "nothing",
  ],
  ["a claim without a node is left alone", { progress: "scheduled" }, false, {}, "nothing"],
  [
    "stopped while scheduled, it ends without files",
    { progress: "scheduled", node: MINE },
    true,
    {},
    "end-unstarted",
  ],
  [
    "while it is being opened it is not started again",
    { progress: "scheduled", node: MINE },
    false,
    { engine: "capturing" },
    "nothing",
  ],
  [
    "stopped while being opened, its engine is stopped",
    { progress: "scheduled", node: MINE },
    true,
    { engine: "capturing" },
    "stop",
  ],
  [
    "while it runs there is nothing to do",
    { progress: "running", node: MINE },
    false,
    { engine: "capturing" },
    "nothing",
  ],
  [
    "stopped while it runs, its engine is stopped",
    { progress: "running", node: MINE },
    true,
    { engine: "capturing" },
    "stop",
  ],
  [
    "an engine that ends is not stopped twice",
    { progress: "running", node: MINE },
    true,
    { engine: "ending" },
    "nothing",
  ],
  ["running without an engine is for recovery", { progress: "running", node: MINE }, false, {}, "recover"],
  [
    "running without an engine is for recovery, stopped or not",
    { progress: "running", node: MINE },
    true,
    {},
    "recover",
  ],
  ["running elsewhere is left alone", { progress: "running", node: "node-2" }, true, {}, "nothing"],
  ["a finished capture never runs again", { progress: "finished", node: MINE }, false, {}, "nothing"],
  ["a failed capture never runs again", { progress: "failure", node: MINE }, false, {}, "nothing"],
  ["a failure that nobody owns stays one", { progress: "failure" }, false, {}, "nothing"],
];

test.each<[string, PacketCapture["status"], Step]>([
  ["a capture that is being deleted is not claimed", undefined, { do: "nothing" }],
  ["one that runs is told to stop", { progress: "running", node: MINE }, { do: "stop" }],
])("%s", (_name, status, expected) => {
  const metadata = { name: "pcap1", deletionTimestamp: "2026-01-01T00:00:00Z" };
  const spec = { targetNode: MINE, targetInterface: "eth0" };
  const capture = { apiVersion: API_VERSION, kind: KIND, metadata, spec, status } as PacketCapture;
  expect(reconcile(capture, { node: MINE, targetIsHere: true, engine: "capturing" })).toEqual(expected);
});

test("a scheduled capture that is being deleted ends before it begins, and says why", () => {
  const metadata = { name: "pcap1", deletionTimestamp: "2026-01-01T00:00:00Z" };
  const spec = { targetNode: MINE, targetInterface: "eth0" };
  const status = { progress: "scheduled" as const, node: MINE };
  const capture = { apiVersion: API_VERSION, kind: KIND, metadata, spec, status };
  expect(reconcile(capture, { node: MINE, targetIsHere: true, engine: "none" })).toEqual({
    do: "end-unstarted",
    request: { reason: "Stopped", message: "The PacketCapture was deleted before the capture began." },
  });
});

test.each(CASES)("%s", (_name, status, stop, known, expected) => {
  const spec = { targetNode: MINE, targetInterface: "eth0", stop };
  const capture: PacketCapture = { apiVersion: API_VERSION, kind: KIND, metadata: { name: "pcap1" }, spec };
  if (status !== undefined) capture.status = status;
  expect(reconcile(capture, { node: MINE, targetIsHere: true, engine: "none", ...known }).do).toBe(expected);
});
