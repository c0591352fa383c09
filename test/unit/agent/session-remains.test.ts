import { beforeEach, describe, expect, test } from "vitest";
import { type Remains, runSession, type SessionWorld } from "../../../src/agent/session.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";
import type { CaptureReport } from "../../../src/capture/native.ts";
import type { CaptureStore } from "../../../src/store/capture-store.ts";
import { TargetFailure, type TargetFailureReason } from "../../../src/target/target.ts";
import { createFakeNative, type FakeNative, NO_PACKETS, report } from "./fake-native.ts";

/** What a session makes of a capture that an earlier agent began. */

const KEY = { namespace: "pcapper", name: "pcap1" };
const START = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const FIRST = { from: at(10), to: at(12) };
const LAST = { from: at(20), to: at(25) };
const FOUND: CaptureReport = report({
  statistics: { ...NO_PACKETS, packets: 7, files: 1 },
  startTime: START,
  endTime: START + 20_000,
});
const GOES_ON: Remains = {
  go: "on",
  earlier: {
    startTime: at(0),
    monotonicStart: 0,
    nextNumber: 2,
    files: [],
    statistics: FOUND.statistics,
    gaps: JSON.stringify([FIRST]),
    gapFrom: LAST.from,
    removedThrough: "",
  },
  secondsLeft: 35,
  gaps: [FIRST, LAST],
  gapsOnDisk: [FIRST],
  podUID: undefined,
  report: FOUND,
};

let capture: PacketCapture;
let native: FakeNative;
let store: CaptureStore;
let events: string[];

beforeEach(() => {
  capture = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { ...KEY, uid: "u1", resourceVersion: "1" },
    spec: { targetNode: "n1", targetInterface: "eth0" },
    status: { progress: "running", node: "n1", startTime: at(0), resumes: 1, gapSeconds: 2 },
  };
  native = createFakeNative();
  events = [];
  store = {
    read: async () => capture,
    writeStatus: async (decidedOn, status) => {
      capture = { ...decidedOn, status };
      return capture;
    },
    recordEvent: (_capture, { reason }) => void events.push(reason),
  };
});

function statusAfter(remains: Remains, over: Partial<SessionWorld> = {}) {
  const world: SessionWorld = {
    native,
    store,
    node: "n1",
    targetIsHere: () => true,
    resolveTarget: async () => ({
      networkNamespace: "",
      namespaceId: "",
      interfaceName: "eth0",
      scope: "node",
    }),
    awaitTurn: async () => undefined,
    admit: async () => undefined,
    engineSettings: () => ({
      folder: "/output/pcap1",
      location: "/var/pcapper/pcap1",
      filePrefix: "n1.pcap1.1",
      ringBytes: 1,
      maxWriteRate: 0,
      minFreeDisk: { kind: "bytes", bytes: 0 },
      statusEvery: 1e6,
      cluster: "c",
      suspendAtExit: true,
    }),
    filesOf: async () => ["/var/pcapper/pcap1/n1.pcap1.1.00001.pcap"],
    recover: async () => remains,
    stop: new AbortController().signal,
    onReport: () => undefined,
    now: () => START + 26_000,
    ...over,
  };
  return runSession(world, KEY).then((ended) => ended?.status);
}

const failing = (reason: TargetFailureReason): Partial<SessionWorld> => ({
  resolveTarget: () => Promise.reject(new TargetFailure(reason, "there is no pod shop/web.")),
});

describe("a capture that goes on", () => {
  test("tells its gaps, and each resume has an Event", async () => {
    native.script = [
      { startTime: START },
      {
        state: "ended",
        startTime: START,
        endTime: START + 60_000,
        end: { reason: "TimeElapsed", message: "" },
      },
    ];
    expect(await statusAfter(GOES_ON)).toMatchObject({ reason: "TimeElapsed", resumes: 2, gapSeconds: 7 });
    expect(events).toEqual(["Resumed", "TimeElapsed"]);
    expect(native.started[0]?.captureSeconds).toBe(35);
  });

  test("tells them also where it is over before it was seen running", async () => {
    native.script = [
      { state: "ended", startTime: START, endTime: START + 60_000, end: { reason: "DiskFull", message: "" } },
    ];
    expect(await statusAfter(GOES_ON)).toMatchObject({ reason: "DiskFull", resumes: 2, gapSeconds: 7 });
    expect(events).toEqual(["Resumed", "DiskFull"]);
  });

  test("says so only when its status has been taken", async () => {
    const { writeStatus } = store;
    store.writeStatus = (decidedOn, status) => {
      store.writeStatus = writeStatus;
      return Promise.reject(new Error(`422: refused, ${decidedOn.metadata.name} ${status.progress}`));
    };
    const ended = { startTime: START, end: { reason: "TimeElapsed", message: "" } };
    native.script = [{ startTime: START }, { state: "ended", ...ended }];
    expect(await statusAfter(GOES_ON)).toMatchObject({ reason: "TimeElapsed" });
    expect(events).toEqual(["StatusNotWritten", "TimeElapsed"]);
  });

  test("and was stopped while it was opened again is Stopped, with what the earlier life had and its last gap", async () => {
    native.script = [{ state: "ended", startTime: 0, end: { reason: "Stopped", message: "" } }];
    expect(await statusAfter(GOES_ON)).toMatchObject({
      reason: "Stopped",
      endTime: at(25),
      statistics: { packets: 7 },
      resumes: 2,
      gapSeconds: 7,
    });
  });

  test("and is suspended while it is opened again is left to the next agent", async () => {
    native.script = [{ state: "ended", startTime: 0, end: { reason: "Suspended", message: "" } }];
    expect((await statusAfter(GOES_ON))?.progress).toBe("running");
  });

  test("and cannot be opened again has what the earlier life had, and no gap after its end", async () => {
    native.script = [
      { state: "ended", startTime: 0, end: { reason: "InterfaceDown", message: "eth0 is down" } },
    ];
    expect(await statusAfter(GOES_ON)).toMatchObject({
      progress: "failure",
      reason: "Interrupted",
      message: expect.stringContaining("could not go on: eth0 is down"),
      startTime: at(0),
      endTime: at(20),
      statistics: { packets: 7 },
      resumes: 1,
      gapSeconds: 2,
    });
  });
});

describe("a capture that does not go on", () => {
  test("for its target went: TargetGone, and that nothing was captured meanwhile", async () => {
    const status = await statusAfter(GOES_ON, failing("TargetNotFound"));
    expect(status).toMatchObject({
      progress: "finished",
      reason: "TargetGone",
      endTime: at(25),
      resumes: 2,
      gapSeconds: 7,
      statistics: { packets: 7 },
    });
    expect(status?.message).toContain(`there is no pod shop/web. Nothing was captured after ${at(20)}.`);
    expect(status?.fileLocation).toBe("/var/pcapper/pcap1/n1.pcap1.1.00001.pcap");
  });

  test("for another reason: Interrupted when it was last seen", async () => {
    const status = await statusAfter(GOES_ON, failing("PermissionDenied"));
    expect(status).toMatchObject({
      progress: "failure",
      reason: "Interrupted",
      endTime: at(20),
      resumes: 1,
      gapSeconds: 2,
    });
  });

  test("has the gaps of its manifest, whatever the resource knew of them", async () => {
    const end = { reason: "Interrupted", message: "" };
    const ending = { end, files: [], folder: "/var/pcapper/pcap1", report: FOUND, gaps: [FIRST, LAST] };
    expect(await statusAfter({ go: "end", ending })).toMatchObject({ resumes: 2, gapSeconds: 7 });
  });
});

describe("a capture that begins", () => {
  const begun = (over: Partial<SessionWorld> = {}) => {
    capture = { ...capture, status: { progress: "scheduled", node: "n1" } };
    return statusAfter(GOES_ON, { recover: async () => undefined, ...over });
  };

  test("and is over before it was seen running is told as running all the same, also to its pod", async () => {
    const told: string[] = [];
    const { writeStatus } = store;
    store.writeStatus = (decidedOn, status) => {
      told.push(status.progress ?? "");
      return writeStatus(decidedOn, status);
    };
    const end = { reason: "TimeElapsed", message: "" };
    native.script = [{ state: "ended", startTime: START, endTime: START + 1000, end }];
    const running: string[] = [];
    await begun({ onRunning: ({ metadata }) => running.push(metadata.name) });
    expect(told).toEqual(["running", "finished"]);
    expect(events).toEqual(["Running", "TimeElapsed"]);
    expect(running).toEqual(["pcap1"]);
  });

  test("and cannot be opened never says that it ran", async () => {
    native.script = [{ state: "ended", startTime: 0, end: { reason: "InterfaceDown", message: "" } }];
    const running: string[] = [];
    expect(await begun({ onRunning: () => running.push("ran") })).toMatchObject({ reason: "InterfaceDown" });
    expect([events, running]).toEqual([["InterfaceDown"], []]);
  });

  test("and left files before it could say so has them, also where it is told to stop meanwhile", async () => {
    const message = "spec.stop was set to true.";
    const stop = AbortSignal.abort({ reason: "Stopped", message });
    const remains = { ...GOES_ON, gaps: [LAST] };
    native.script = [{ state: "ended", startTime: 0, end: { reason: "Stopped", message } }];
    expect(await begun({ stop, recover: async () => remains })).toMatchObject({
      progress: "finished",
      reason: "Stopped",
      statistics: { packets: 7 },
      fileLocation: "/var/pcapper/pcap1/n1.pcap1.1.00001.pcap",
    });
  });

  test("lets those go first that go on, and is left to the next agent where this one ends meanwhile", async () => {
    const stop = new AbortController();
    const admitted: string[] = [];
    const status = await begun({
      stop: stop.signal,
      awaitTurn: async () => stop.abort({ reason: "Suspended", message: "" }),
      admit: async () => void admitted.push("admitted"),
    });
    expect(status).toEqual({ progress: "scheduled", node: "n1" });
    expect([admitted, native.started]).toEqual([[], []]);
  });
});
