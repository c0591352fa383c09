import { describe, expect, test } from "vitest";
import { decideOnRemains } from "../../../../src/agent/cluster/remains-decision.ts";
import type { PacketCapture, PacketCaptureSpec } from "../../../../src/api/resource.ts";
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

const at = (seconds: number) => START + seconds * 1000;
const lastSeen = new Date(at(10)).toISOString();

describe("what an earlier agent left of a capture", () => {
  test("goes on until the original end, behind every number used, and the gap is known", () => {
    const decision = decideOnRemains(capture(), { manifest: manifest(), lastSeen }, at(25));
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
    const decision = decideOnRemains(capture(), { manifest: manifest({ gaps: [before] }), lastSeen }, at(25));
    if (decision.go !== "on") throw new Error("it should go on");
    const gaps = [before, { from: lastSeen, to: new Date(at(25)).toISOString() }];
    expect(JSON.parse(decision.earlier.gaps)).toEqual([before]);
    expect(decision.earlier.gapFrom).toBe(lastSeen);
    expect(decision.gaps).toEqual(gaps);
  });

  test("makes one gap of what was not counted and the time without an agent", () => {
    const uncounted = { from: new Date(at(8)).toISOString(), to: lastSeen };
    const found = { manifest: manifest({ gaps: [uncounted] }), lastSeen };
    const decision = decideOnRemains(capture(), found, at(25));
    if (decision.go !== "on") throw new Error("it should go on");
    expect(decision.gaps).toEqual([{ from: uncounted.from, to: new Date(at(25)).toISOString() }]);
    expect(decision.earlier).toMatchObject({ gaps: "[]", gapFrom: uncounted.from });
  });

  test("never captures longer than asked for, also where the clock was set back", () => {
    expect(decideOnRemains(capture(), { manifest: manifest(), lastSeen }, at(-500))).toMatchObject({
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
    const decision = decideOnRemains(resource, { manifest: manifest(facts), lastSeen }, at(seconds));
    expect(decision).toMatchObject({ go: "end", end: { reason } });
  });

  const before = { from: new Date(at(1)).toISOString(), to: new Date(at(3)).toISOString() };
  const gapsOfEnd = (spec: Partial<PacketCaptureSpec>, facts: Partial<Manifest>, seconds: number) => {
    const known = { manifest: manifest({ gaps: [before], ...facts }), lastSeen };
    const decision = decideOnRemains(capture(spec), known, at(seconds));
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
