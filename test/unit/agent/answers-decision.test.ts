import { describe, expect, test } from "vitest";
import { answerFor, type ObserverKnowledge } from "../../../src/agent/answers/answer.ts";
import { answeredStatus } from "../../../src/agent/answers/answer-status.ts";
import type { PodFound } from "../../../src/agent/answers/target-found.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";

const MINUTE = 60_000;
const CREATED = Date.parse("2026-01-01T00:00:00Z");
const at = (milliseconds: number): string => new Date(CREATED + milliseconds).toISOString();

function capture(status?: PacketCapture["status"], spec?: Partial<PacketCapture["spec"]>): PacketCapture {
  const { ...whole } = spec ?? { targetNode: "node-2", targetInterface: "eth0" };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: "pcap1", namespace: "pcapper", uid: "u1", creationTimestamp: at(0) },
    spec: { captureSeconds: 600, ...whole },
    ...(status === undefined ? {} : { status }),
  };
}

const POD_SPEC = { targetNamespace: "shop", targetPod: "web" };

function pod(status: PodFound["status"], more: Partial<PodFound> = {}): PodFound {
  return {
    metadata: { name: "web", namespace: "shop" },
    spec: { nodeName: "node-2" },
    ...(status === undefined ? {} : { status }),
    ...more,
  };
}

const RUNNING_POD = pod({ phase: "Running", podIP: "10.0.0.7" });

function known(facts: Partial<ObserverKnowledge> = {}): ObserverKnowledge {
  const now = CREATED + 2 * MINUTE;
  return { node: "node-1", now, sightSince: CREATED - MINUTE, targetWait: MINUTE, ...facts };
}

function answered(from: PacketCapture, facts: Partial<ObserverKnowledge>) {
  const verdict = answerFor(from, known(facts));
  if (verdict.say !== "answer") throw new Error(`the verdict is ${JSON.stringify(verdict)}`);
  return verdict.answer;
}

describe("a capture that nobody has claimed", () => {
  test("is given the time of TARGET_WAIT from its creation", () => {
    const now = CREATED + MINUTE - 1;
    expect(answerFor(capture(), known({ now }))).toEqual({ say: "wait", until: CREATED + MINUTE });
  });

  test("is given that time again from when the observer sees the API again", () => {
    const sightSince = CREATED + 1.5 * MINUTE;
    expect(answerFor(capture(), known({ sightSince }))).toEqual({
      say: "wait",
      until: sightSince + MINUTE,
    });
  });

  test("is not answered without a look at its target", () => {
    expect(answerFor(capture(), known())).toEqual({ say: "look" });
  });

  test("has no target where there is no such node", () => {
    expect(answered(capture(), { target: { kind: "node", exists: false } })).toEqual({
      reason: "TargetNotFound",
      message: "There is no node node-2.",
    });
  });

  test("has no agent where its node exists", () => {
    expect(answered(capture(), { target: { kind: "node", exists: true } })).toEqual({
      reason: "NoAgent",
      message: "Node node-2 exists, but no agent there has claimed the capture within 60 s.",
    });
  });

  test("is not said to have no agent by that very agent", () => {
    const now = CREATED + 2 * MINUTE;
    const facts = { node: "node-2", target: { kind: "node", exists: true } } as const;
    expect(answerFor(capture(), known(facts))).toEqual({ say: "wait", until: now + MINUTE });
  });

  test.each([
    ["that is not there", undefined, "There is no pod shop/web; the capture waited 60 s for it."],
    [
      "that no node has room for",
      pod({ phase: "Pending" }, { spec: {} }),
      "Pod shop/web is Pending and has no node yet; the capture waited 60 s for it to run.",
    ],
    [
      "that does not come up",
      pod({ phase: "Pending" }),
      "Pod shop/web is Pending on node node-2; the capture waited 60 s for it to run.",
    ],
    [
      "that has ended and keeps its IP",
      pod({ phase: "Succeeded", podIP: "10.0.0.7" }),
      "Pod shop/web has ended (Succeeded); the capture waited 60 s for it to run.",
    ],
    [
      "that is being deleted",
      pod({ phase: "Running", podIP: "10.0.0.7" }, { metadata: { name: "web", deletionTimestamp: at(0) } }),
      "Pod shop/web is being deleted; the capture waited 60 s for it to run.",
    ],
    [
      "without an IP",
      pod({ phase: "Running" }),
      "Pod shop/web is Running on node node-2 but has no IP; the capture waited 60 s for it to run.",
    ],
    [
      "without any status",
      pod(undefined),
      "Pod shop/web is Pending on node node-2; the capture waited 60 s for it to run.",
    ],
  ])("has no target in a pod %s", (_what, found, message) => {
    const target = { kind: "pod", pod: found } as const;
    expect(answered(capture(undefined, POD_SPEC), { target })).toEqual({ reason: "TargetNotFound", message });
  });

  test("has no agent where its pod runs", () => {
    const target = { kind: "pod", pod: RUNNING_POD } as const;
    expect(answered(capture(undefined, POD_SPEC), { target })).toEqual({
      reason: "NoAgent",
      message: "Pod shop/web runs on node node-2, but no agent there has claimed the capture within 60 s.",
    });
  });

  test("has no agent where its pod is on the node's own network, without an IP of its own", () => {
    const found = pod({ phase: "Running" }, { spec: { nodeName: "node-2", hostNetwork: true } });
    expect(answered(capture(undefined, POD_SPEC), { target: { kind: "pod", pod: found } }).reason).toBe(
      "NoAgent",
    );
  });

  test("leaves the agent a moment where its pod has only just begun to run", () => {
    const changed = (time: string): PodFound => ({
      ...RUNNING_POD,
      metadata: { name: "web", managedFields: [{ subresource: "status", time }, { time: at(9 * MINUTE) }] },
    });
    const now = CREATED + 1.5 * MINUTE;
    const facts = (time: string) => known({ now, target: { kind: "pod", pod: changed(time) } });
    const verdict = answerFor(capture(undefined, POD_SPEC), facts(at(1.5 * MINUTE - 1000)));
    expect(verdict).toEqual({ say: "wait", until: now + 4000 });
    expect(answerFor(capture(undefined, POD_SPEC), facts(at(MINUTE))).say).toBe("answer");
  });

  test("gets no answer while it is being deleted", () => {
    const { metadata, ...rest } = capture();
    const leaving = { ...rest, metadata: { ...metadata, deletionTimestamp: at(0) } };
    expect(answerFor(leaving, known())).toEqual({ say: "nothing" });
  });
});

describe("a spec that slipped past admission", () => {
  test.each([
    ["no target", { captureSeconds: 600 }, /target/],
    ["two targets", { ...POD_SPEC, targetNode: "node-2", targetInterface: "eth0" }, /target/],
    ["a duration in words", { ...POD_SPEC, captureSeconds: "10m" }, /spec\.captureSeconds/],
    ["a list for a filter", { ...POD_SPEC, captureFilter: ["tcp"] as never }, /spec\.captureFilter/],
    ["a node that is a path", { targetNode: "../../pods", targetInterface: "eth0" }, /spec\.targetNode/],
  ])("with %s is answered at once, with the sentence of admission", (_what, spec, sentence) => {
    const { reason, message } = answered(capture(undefined, spec), { now: CREATED });
    expect(reason).toBe("InvalidSpec");
    expect(message).toMatch(sentence);
  });

  test("that is missing altogether is answered too", () => {
    const { spec: _spec, ...bare } = capture();
    expect(answered(bare as PacketCapture, { now: CREATED }).reason).toBe("InvalidSpec");
  });

  test("is none for a field that only a newer CRD has", () => {
    const newer = capture(undefined, { ...POD_SPEC, ...{ sampling: 10 } });
    expect(answerFor(newer, known({ now: CREATED })).say).toBe("wait");
  });

  test("stays as it was for whoever holds the capture", () => {
    const slim = capture(undefined, { ...POD_SPEC });
    const before = structuredClone(slim);
    answerFor(slim, known());
    expect(slim).toEqual(before);
  });
});

describe("a capture with an owner", () => {
  const END = 10 * MINUTE;
  const running = (more: PacketCapture["status"] = {}): PacketCapture =>
    capture({ progress: "running", node: "node-2", scheduledTime: at(0), startTime: at(500), ...more });
  const lateAs = (from: PacketCapture, facts: Partial<ObserverKnowledge> = {}) =>
    answerFor(from, known({ now: CREATED + END + 3 * MINUTE, ...facts })).say;

  test("has lost its agent well past its end", () => {
    expect(answerFor(running(), known({ now: CREATED + END }))).toEqual({
      say: "wait",
      until: CREATED + 500 + END + 2 * MINUTE,
    });
    const { reason, message } = answered(running(), { now: CREATED + END + 3 * MINUTE });
    expect(reason).toBe("AgentLost");
    expect(message).toContain("node node-2");
  });

  test("has lost its agent also where it never began", () => {
    const scheduled = capture({ progress: "scheduled", node: "node-2", scheduledTime: at(0) });
    expect(lateAs(scheduled)).toBe("answer");
  });

  test("has not while its agent still reports", () => {
    expect(lateAs(running({ statistics: { lastUpdateTime: at(END + 2 * MINUTE) } }))).toBe("wait");
  });

  test("has not where the API was out of sight: the agent could not speak", () => {
    expect(lateAs(running(), { sightSince: CREATED + END + 2.5 * MINUTE })).toBe("wait");
  });

  test("is its own agent's to end, also after a restart", () => {
    expect(lateAs(running(), { node: "node-2" })).toBe("nothing");
  });

  test("is judged by the API server's clock, where the node's is an hour off", () => {
    const slow = running({ startTime: at(-60 * MINUTE), statistics: { lastUpdateTime: at(1000) } });
    expect(answerFor(slow, known({ now: CREATED + MINUTE })).say).toBe("wait");
    const fast = running({ startTime: at(60 * MINUTE), statistics: { lastUpdateTime: at(1000) } });
    expect(lateAs(fast)).toBe("answer");
  });

  test("that began long after it was claimed has its whole time", () => {
    const late = { startTime: at(END), statistics: { lastUpdateTime: at(END + 500) } };
    expect(answerFor(running(late), known({ now: CREATED + END + 3 * MINUTE })).say).toBe("wait");
  });

  test("without any time that can be used is left alone", () => {
    expect(lateAs(capture({ progress: "running", node: "node-2" }))).toBe("wait");
  });

  test.each(["finished", "failure"] as const)("that is over (%s) needs no answer", (progress) => {
    expect(lateAs(running({ progress }))).toBe("nothing");
  });
});

describe("the status of an answer", () => {
  test("ends a capture that never began, without files", () => {
    const status = answeredStatus(capture(), { reason: "NoAgent", message: "Nobody." }, CREATED);
    expect(status).toMatchObject({ progress: "failure", reason: "NoAgent", endTime: at(0) });
    expect(status).not.toHaveProperty("node");
    expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      "Finished=True",
      "Failed=True",
      "FilesAvailable=False",
    ]);
  });

  test("keeps what a lost agent had said, and claims nothing about when it ended or which files are left", () => {
    const said = {
      progress: "running",
      node: "node-2",
      startTime: at(0),
      fileLocation: "/var/pcapper/pcap1",
      statistics: { packets: 7, files: 1 },
    } as const;
    const status = answeredStatus(capture(said), { reason: "AgentLost", message: "Gone." }, CREATED);
    expect(status).toMatchObject({ ...said, progress: "failure", reason: "AgentLost", message: "Gone." });
    expect(status).not.toHaveProperty("endTime");
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "FilesAvailable", status: "Unknown" }),
    );
  });
});
