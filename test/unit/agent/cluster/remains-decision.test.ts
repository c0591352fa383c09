import { describe, expect, test } from "vitest";
import { decideOnRemains } from "../../../../src/agent/cluster/remains-decision.ts";
import type { PacketCapture, PacketCaptureSpec } from "../../../../src/api/resource.ts";
import type { MachineTime } from "../../../../src/machine-time.ts";
import type { Manifest } from "../../../../src/store/files/manifest.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const SPEC: PacketCaptureSpec = { targetNode: "n", targetInterface: "eth0", captureSeconds: 60 };

function capture(spec: Partial<PacketCaptureSpec> = {}): PacketCapture {
  return { metadata: { name: "c", namespace: "pcapper" }, spec: { ...SPEC, ...spec } } as PacketCapture;
}

function manifest(facts: Partial<Manifest> = {}): Manifest {
  return {
    manifest: "pcapper/v1",
    capture: { namespace: "pcapper", name: "c", uid: "u", node: "n", spec: SPEC },
    startTime: new Date(START).toISOString(),
    reservedThrough: 64,
    files: [
      { name: "p.00003.pcap", number: 3, packets: 5, bytes: 500, firstTimestamp: "", lastTimestamp: "" },
    ],
    removed: { files: 2, packets: 7 },
    statistics: { packets: 12, bytes: 900 },
    ...facts,
  };
}

const MACHINE: MachineTime = { boot: "b1", seconds: 1000 };

const at = (seconds: number) => START + seconds * 1000;
const lastSeen = new Date(at(10)).toISOString();

describe("what an earlier agent left of a capture", () => {
  test("goes on until the original end, behind every number used, and the gap is known", () => {
    const decision = decideOnRemains(capture(), { manifest: manifest(), lastSeen }, at(25), MACHINE);
    expect(decision).toMatchObject({
      go: "on",
      secondsLeft: 35,
      gaps: [{ from: lastSeen, to: new Date(at(25)).toISOString() }],
    });
    expect(decision).toMatchObject({
      earlier: { nextNumber: 4, statistics: { packets: 12, packetsRemoved: 7 } },
    });
  });

  test("keeps the gaps of earlier restarts", () => {
    const before = { from: "a", to: "b" };
    const decision = decideOnRemains(
      capture(),
      { manifest: manifest({ gaps: [before] }), lastSeen },
      at(25),
      MACHINE,
    );
    if (decision.go !== "on") throw new Error("it should go on");
    const gaps = [before, { from: lastSeen, to: new Date(at(25)).toISOString() }];
    expect(JSON.parse(decision.earlier.gaps)).toEqual([before]);
    expect(decision.earlier.gapFrom).toBe(lastSeen);
    expect(decision.gaps).toEqual(gaps);
  });

  test("makes one gap of what was not counted and the time without an agent", () => {
    const uncounted = { from: new Date(at(8)).toISOString(), to: lastSeen };
    const found = { manifest: manifest({ gaps: [uncounted] }), lastSeen };
    const decision = decideOnRemains(capture(), found, at(25), MACHINE);
    if (decision.go !== "on") throw new Error("it should go on");
    expect(decision.gaps).toEqual([{ from: uncounted.from, to: new Date(at(25)).toISOString() }]);
    expect(decision.earlier).toMatchObject({ gaps: "[]", gapFrom: uncounted.from });
  });

  test("never captures longer than asked for, also where the clock was set back", () => {
    expect(decideOnRemains(capture(), { manifest: manifest(), lastSeen }, at(-500), MACHINE)).toMatchObject({
      secondsLeft: 60,
    });
  });

  const deleted = capture();
  deleted.metadata.deletionTimestamp = new Date(START).toISOString();
  const ends: [string, PacketCapture, Partial<Manifest>, number, string][] = [
    ["has ended by its time", capture(), {}, 60, "Interrupted"],
    ["was stopped meanwhile", capture({ stop: true }), {}, 20, "Stopped"],
    ["has all the packets asked for", capture({ packetCount: 12 }), {}, 20, "PacketCountReached"],
    [
      "had an end before the agent died",
      capture(),
      { finished: { reason: "DiskFull", message: "x", time: "" } },
      20,
      "DiskFull",
    ],
    ["was deleted meanwhile, and something keeps it", deleted, {}, 20, "Stopped"],
    ["has no start time", capture(), { startTime: "" }, 20, "Interrupted"],
  ];
  test.each(ends)("%s", (_name, resource, facts, seconds, reason) => {
    const decision = decideOnRemains(resource, { manifest: manifest(facts), lastSeen }, at(seconds), MACHINE);
    expect(decision).toMatchObject({ go: "end", end: { reason } });
  });

  const before = { from: new Date(at(1)).toISOString(), to: new Date(at(3)).toISOString() };
  const gapsOfEnd = (spec: Partial<PacketCaptureSpec>, facts: Partial<Manifest>, seconds: number) => {
    const known = { manifest: manifest({ gaps: [before], ...facts }), lastSeen };
    const decision = decideOnRemains(capture(spec), known, at(seconds), MACHINE);
    if (decision.go !== "end") throw new Error("it should end");
    return { gaps: decision.gaps, endTime: decision.endTime };
  };

  test.each<[string, Partial<PacketCaptureSpec>, Partial<Manifest>, number]>([
    ["ends by its time", {}, {}, 100],
    ["has all its packets", { packetCount: 12 }, {}, 20],
    ["has an end already", {}, { finished: { reason: "TimeElapsed", message: "", time: "" } }, 20],
    ["was stopped, by a clock that was set back", { stop: true }, {}, 5],
  ])("%s: the gaps it went on after are told, and no other", (_what, spec, facts, seconds) => {
    expect(gapsOfEnd(spec, facts, seconds)).toEqual({ gaps: [before], endTime: undefined });
  });

  test.each([
    ["until the agent is back", 20, 20],
    ["until its time would have been over", 500, 60],
  ])("was stopped: nothing was captured %s, and that is told", (_what, now, until) => {
    const to = new Date(at(until)).toISOString();
    expect(gapsOfEnd({ stop: true }, {}, now)).toEqual({
      gaps: [before, { from: lastSeen, to }],
      endTime: to,
    });
  });
});

const HOUR = 3600;

describe("a clock that was set since the capture began", () => {
  /** Ten seconds after its start by the clock that nobody sets. */
  const began = { capture: { ...manifest().capture, boot: "b1" }, monotonicStart: 990 };
  const decideAt = (seconds: number, seen: number, facts: Partial<Manifest> = {}) => {
    const known = { manifest: manifest({ ...began, ...facts }), lastSeen: text(seen) };
    return decideOnRemains(capture(), known, at(seconds), MACHINE);
  };
  const text = (seconds: number) => new Date(at(seconds)).toISOString();

  test.each([
    ["an hour ahead while its agent was gone", HOUR + 10, 4, HOUR + 4],
    ["an hour back while its agent was gone", -HOUR + 10, 4, -HOUR + 4],
    ["an hour ahead while it ran", HOUR + 10, HOUR + 4, HOUR + 4],
    ["an hour back while it ran", -HOUR + 10, -HOUR + 4, -HOUR + 4],
    ["back and forth, so that nobody knows", HOUR + 10, 2 * HOUR, HOUR],
    ["not at all", 10, 4, 4],
    ["ahead by a little", 14, 4, 4],
    ["back by a little", 6, 4, 4],
  ])("%s: it has the time that is left, and the gap that there was", (_what, now, seen, from) => {
    const decision = decideAt(now, seen);
    if (decision.go !== "on") throw new Error("it should go on");
    expect(decision.secondsLeft).toBe(50);
    expect(decision.gaps).toEqual([{ from: text(from), to: text(now) }]);
    expect(decision.earlier.monotonicStart).toBe(990);
  });

  test.each([
    ["the machine was started since", { capture: { ...began.capture, boot: "b0" } }],
    ["its manifest does not say", { capture: manifest().capture }],
    ["its manifest cannot be right", { monotonicStart: 2000 }],
  ])("where %s, the clock is all there is", (_what, facts) => {
    expect(decideAt(HOUR + 10, 4, facts)).toMatchObject({ end: { reason: "Interrupted" } });
    const decision = decideAt(30, 4, facts);
    expect(decision).toMatchObject({ go: "on", secondsLeft: 30, earlier: { monotonicStart: 0 } });
  });

  test("has ended where its time is over by the clock that nobody sets", () => {
    expect(decideAt(-HOUR, 4, { monotonicStart: 900 })).toMatchObject({
      go: "end",
      end: { reason: "Interrupted" },
    });
  });
});
