import { describe, expect, test } from "vitest";
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import { judge } from "../../faults/oracle/judge.ts";
import type { CaptureSeen, Observation } from "../../faults/oracle/observation.ts";
import { goodRun, packet, packets, T } from "./good-run.ts";

type Mutation = (capture: CaptureSeen, seen: Observation) => void;

function lastStatus(capture: CaptureSeen): PacketCaptureStatus {
  const status = capture.history.at(-1)?.status;
  if (status === undefined) throw new Error("the capture has no status");
  return status;
}

function manifestOf({ manifest }: CaptureSeen) {
  if (manifest === undefined) throw new Error("the capture has no manifest");
  return manifest;
}

function firstFile({ files }: CaptureSeen) {
  const [file] = files;
  if (file === undefined) throw new Error("the capture has no file");
  return file;
}

/** One thing done wrong, and which judge must object; every rule is here at least once. */
const MUTATIONS: [string, string, Mutation][] = [
  [
    "a packet is missing in the middle of a file",
    "lost packets",
    (capture) => void firstFile(capture).packets.splice(100, 1),
  ],
  ["a whole file is missing and nobody says so", "lost packets", (capture) => void capture.files.shift()],
  [
    "the capture says that it ran longer than it did",
    "lost packets",
    (capture) => (manifestOf(capture).endTime = T + 9000),
  ],
  ["a packet comes twice", "order", (capture) => void firstFile(capture).packets.splice(100, 0, packet(299))],
  ["two packets are in the wrong order", "order", (capture) => void firstFile(capture).packets.reverse()],
  [
    "a packet from before the start is there",
    "foreign packets",
    (capture) => void firstFile(capture).packets.unshift(packet(50)),
  ],
  [
    "a packet was never sent",
    "foreign packets",
    (capture) => void capture.files[1]?.packets.push(packet(5000)),
  ],
  ["noise is there that the filter refuses", "foreign packets", (capture) => (capture.filtered = true)],
  [
    "a timestamp is an hour off",
    "timestamps",
    (capture) => {
      const [first] = firstFile(capture).packets;
      if (first !== undefined) first.at += 3_600_000;
    },
  ],
  [
    "more packets are counted than there are",
    "count",
    (capture) => (manifestOf(capture).statistics.packets += 1),
  ],
  [
    "drops are invented",
    "invented packets",
    (capture) => {
      manifestOf(capture).statistics.dropped = 500;
    },
  ],
  [
    "there are files, and nothing says when they were captured",
    "window",
    (capture) => void delete capture.manifest,
  ],
  ["it never ended", "outcome", (capture) => void capture.history.pop()],
  ["it ended by a wrong word", "reason", (capture) => (lastStatus(capture).reason = "Stopped")],
  [
    "its end came a minute and a half late",
    "bound",
    (capture) => void Object.assign(capture.history.at(-1) ?? {}, { at: T + 98_000 }),
  ],
  ["its end has no time", "times", (capture) => void delete lastStatus(capture).endTime],
  [
    "its time elapsed too early",
    "times",
    (capture) => (lastStatus(capture).endTime = new Date(T + 5000).toISOString()),
  ],
  ["its start is another than the manifest's", "times", (capture) => (manifestOf(capture).startTime += 5)],
  ["another node has taken it", "history", (_, seen) => (seen.node = "node-2")],
  [
    "another node's capture has a folder here",
    "other node",
    (_, seen) => void seen.ofOthers.push("seed-1-0"),
  ],
  ["its end is another than the manifest's", "times", (capture) => (manifestOf(capture).endTime = T + 8005)],
  [
    "status and manifest disagree",
    "statistics",
    (capture) => {
      const { statistics } = lastStatus(capture);
      if (statistics !== undefined) statistics.packets = 599;
    },
  ],
  ["the manifest has no end", "statistics", (capture) => void delete manifestOf(capture).reason],
  [
    "a resume is not told",
    "gaps",
    (capture) => void manifestOf(capture).gaps.push({ from: T + 4000, to: T + 5000 }),
  ],
  [
    "a gap is told while the agent was there",
    "gaps",
    (capture) => {
      manifestOf(capture).gaps.push({ from: T + 4000, to: T + 5000 });
      Object.assign(lastStatus(capture), { resumes: 1, gapSeconds: 1 });
    },
  ],
  ["it is said that it failed", "conditions", (capture) => void lastStatus(capture).conditions?.pop()],
  ["the file's place is not told", "conditions", (capture) => void delete lastStatus(capture).fileLocation],
  [
    "progress goes back",
    "history",
    (capture) =>
      void capture.history.splice(3, 0, { at: T + 3000, status: { progress: "scheduled", node: "node-1" } }),
  ],
  ["it changes its owner", "history", (capture) => (lastStatus(capture).node = "node-2")],
  [
    "counters go back",
    "history",
    (capture) => {
      const { statistics } = capture.history[2]?.status ?? {};
      if (statistics !== undefined) statistics.packets = 10_000;
    },
  ],
  [
    "its end is changed later",
    "history",
    (capture) =>
      void capture.history.push({
        at: T + 9000,
        status: { ...lastStatus(capture), endTime: new Date(T + 8001).toISOString() },
      }),
  ],
  ["a reader complains", "readers", (capture) => void capture.complaints.push("a stray byte")],
  [
    "a file is still being written",
    "leftovers",
    (capture) => void capture.leftovers.push("one.00002.pcap.part"),
  ],
  [
    "a file was too large for a moment",
    "limits",
    (capture) => void capture.samples.push({ at: T, files: [{ name: "a", bytes: 70_000 }] }),
  ],
  [
    "there was one file too many for a moment",
    "limits",
    (capture) =>
      void capture.samples.push({ at: T, files: ["a", "b", "c"].map((name) => ({ name, bytes: 30_000 })) }),
  ],
  ["a file is not listed", "listing", (capture) => void manifestOf(capture).files.pop()],
  [
    "a file that runs cannot be read",
    "running files",
    (capture) => void capture.samples.push({ at: T, files: [], complaint: "cut" }),
  ],
  ["an Event is missing", "events", (capture) => void capture.events.pop()],
  [
    "an Event is told twice",
    "events",
    (capture) => void capture.events.push({ reason: "Running", type: "Normal", message: "", count: 1 }),
  ],
  [
    "a stranger's file was touched",
    "strangers",
    (_, seen) => void seen.strangers.push({ path: "/mnt/x", touched: true }),
  ],
  ["a folder is left when all is deleted", "clean-up", (_, seen) => void seen.leftInHostmount.push("one")],
  ["the agent died", "death", (_, seen) => void seen.deaths.push("Error")],
  ["a sanitizer objects", "sanitizer", (_, seen) => void seen.sanitizer.push("ERROR: AddressSanitizer: x")],
  [
    "descriptors are not given back",
    "process",
    (_, seen) => {
      if (seen.process !== undefined) seen.process.after.descriptors += 20;
    },
  ],
];

describe("the judges of the fault campaign", () => {
  test("object to nothing where all is well", () => {
    expect(judge(goodRun())).toEqual([]);
  });

  for (const [what, rule, mutate] of MUTATIONS) {
    test(`object where ${what}`, () => {
      const seen = goodRun();
      const [capture] = seen.captures;
      if (capture !== undefined) mutate(capture, seen);
      expect(judge(seen).map((finding) => finding.rule)).toContain(rule);
    });
  }
});

/** The agent is killed at T + 4 s and back at T + 5 s; packets of that time are not there. */
function interruptedRun(): { seen: Observation; capture: CaptureSeen } {
  const seen = goodRun();
  const [capture] = seen.captures;
  if (capture === undefined) throw new Error("there is a capture");
  seen.injections.push({ kind: "agent-killed", from: T + 4000, to: T + 5000 });
  seen.agentAway.push({ from: T + 4000, to: T + 5100 });
  delete seen.process;
  capture.files = [
    { name: "a.00001.pcap", bytes: 30_000, packets: packets(200, 380) },
    { name: "a.00002.pcap", bytes: 30_000, packets: packets(520, 799) },
  ];
  const manifest = manifestOf(capture);
  manifest.gaps = [{ from: T + 3805, to: T + 5195 }];
  manifest.files = capture.files.map(({ packets: kept, ...file }) => ({ ...file, packets: kept.length }));
  manifest.statistics = { ...manifest.statistics, packets: 461 };
  const status = lastStatus(capture);
  Object.assign(status, { resumes: 1, gapSeconds: 1, statistics: { ...status.statistics, packets: 461 } });
  return { seen, capture };
}

describe("a gap", () => {
  test("that is told excuses the packets of its time", () => {
    expect(judge(interruptedRun().seen)).toEqual([]);
  });

  test("that begins too late excuses less: the packets before it are lost, and counted", () => {
    const { seen, capture } = interruptedRun();
    manifestOf(capture).gaps = [{ from: T + 4305, to: T + 5195 }];
    // From 3.805 s to 4.305 s, but for the 150 ms before the gap.
    expect(judge(seen)).toMatchObject([{ rule: "lost packets", kind: "lost", packets: 35 }]);
  });

  test("that ends too early excuses less", () => {
    const { seen, capture } = interruptedRun();
    manifestOf(capture).gaps = [{ from: T + 3805, to: T + 4600 }];
    expect(judge(seen).map(({ kind }) => kind)).toContain("lost");
  });
});

describe("the ring", () => {
  function removed(packetsRemoved: number): Observation {
    const seen = goodRun();
    const [capture] = seen.captures;
    if (capture === undefined) throw new Error("there is a capture");
    capture.files.shift();
    const manifest = manifestOf(capture);
    manifest.files.shift();
    manifest.removedPackets = packetsRemoved;
    const told = { packets: 300 + packetsRemoved, files: 1, filesRemoved: 1 };
    Object.assign(manifest.statistics, told);
    const status = lastStatus(capture);
    Object.assign(status, {
      statistics: { ...status.statistics, ...told },
      fileLocation: "/var/pcapper/one/node-1.one.1.00002.pcap",
    });
    return seen;
  }

  test("may have removed the oldest packets, where it says so", () => {
    expect(judge(removed(300))).toEqual([]);
  });

  test("loses packets where it says fewer than are gone", () => {
    // 15 of the 300 are within 150 ms of the start.
    expect(judge(removed(200))).toMatchObject([{ rule: "lost packets", packets: 85 }]);
  });

  test("invents packets where it says more than were sent", () => {
    expect(judge(removed(400)).map(({ rule }) => rule)).toEqual(["invented packets"]);
  });
});

describe("drops that are told", () => {
  test("excuse as many packets, wherever they are missing", () => {
    const seen = goodRun();
    const [capture] = seen.captures;
    if (capture === undefined) throw new Error("there is a capture");
    firstFile(capture).packets.splice(100, 50);
    const told = { packets: 550, dropped: 50 };
    Object.assign(manifestOf(capture).statistics, told);
    const [listed] = manifestOf(capture).files;
    if (listed !== undefined) listed.packets -= 50;
    Object.assign(lastStatus(capture).statistics ?? {}, told);
    expect(judge(seen)).toEqual([]);
    firstFile(capture).packets.splice(100, 1);
    expect(judge(seen).map(({ kind }) => kind)).toContain("lost");
  });
});

test("a batch whose sending took long may be in part on either side of the end", () => {
  const seen = goodRun();
  const [capture] = seen.captures;
  const batches = seen.sent.node ?? [];
  if (capture === undefined) throw new Error("there is a capture");
  batches.splice(814, 3, { first: 814, count: 3, from: T + 8140, to: T + 8400 });
  const last = capture.files[1];
  last?.packets.push(packet(814));
  const told = { packets: 601 };
  Object.assign(manifestOf(capture).statistics, told);
  const listed = manifestOf(capture).files[1];
  if (listed !== undefined) listed.packets += 1;
  Object.assign(lastStatus(capture).statistics ?? {}, told);
  expect(judge(seen)).toEqual([]);
  batches.splice(814, 1, { first: 814, count: 3, from: T + 8160, to: T + 8400 });
  expect(judge(seen).map(({ rule }) => rule)).toContain("foreign packets");
});

describe("a file that somebody removed while it was written", () => {
  function takenAway(): Observation {
    const seen = goodRun();
    const [capture] = seen.captures;
    if (capture === undefined) throw new Error("there is a capture");
    capture.files.pop();
    const manifest = manifestOf(capture);
    manifest.files.pop();
    manifest.removedPackets = 300;
    manifest.reason = "WriteError";
    Object.assign(manifest.statistics, { files: 1, filesRemoved: 1 });
    const status = lastStatus(capture);
    Object.assign(status, {
      progress: "failure",
      reason: "WriteError",
      statistics: { ...status.statistics, files: 1, filesRemoved: 1 },
      fileLocation: "/var/pcapper/one/node-1.one.1.00001.pcap",
    });
    const complete = status.conditions?.find(({ type }) => type === "Complete");
    if (complete !== undefined) complete.type = "Failed";
    for (const event of capture.events) if (event.reason === "TimeElapsed") event.reason = "WriteError";
    seen.injections.push({ kind: "files-removed", from: T + 7000, to: T + 7000, capture: "one" });
    return seen;
  }

  test("answers for its packets, where they are told as removed", () => {
    expect(judge(takenAway())).toEqual([]);
  });

  test("answers for no more of them than are told", () => {
    const seen = takenAway();
    for (const { manifest } of seen.captures) if (manifest !== undefined) manifest.removedPackets = 200;
    // 15 of the 300 are within 150 ms of the end.
    const lost = judge(seen).filter(({ kind }) => kind === "lost");
    expect(lost).toMatchObject([{ packets: 85 }]);
  });

  test("cannot be told of where nobody removed one: the ring takes the oldest", () => {
    const seen = takenAway();
    seen.injections = [];
    const lost = judge(seen).filter(({ kind }) => kind === "lost");
    expect(lost).toMatchObject([{ packets: 285 }]);
  });
});
