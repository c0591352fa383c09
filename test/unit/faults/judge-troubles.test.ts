import { describe, expect, test } from "vitest";
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import { judge } from "../../faults/oracle/judge.ts";
import type { CaptureSeen, Observation, SeenManifest } from "../../faults/oracle/observation.ts";
import { goodRun, packets, T } from "./good-run.ts";

const HOUR = 3_600_000;

interface Run {
  seen: Observation;
  capture: CaptureSeen;
  manifest: SeenManifest;
  status: PacketCaptureStatus;
}

function run(): Run {
  const seen = goodRun();
  const [capture] = seen.captures;
  const { manifest, history = [] } = capture ?? {};
  const status = history.at(-1)?.status;
  if (capture === undefined || manifest === undefined || status === undefined) throw new Error("a good run");
  return { seen, capture, manifest, status };
}

function rules(seen: Observation): string[] {
  return [...new Set(judge(seen).map(({ rule }) => rule))];
}

describe("times that were told by a clock that was an hour off", () => {
  /** Its end, told so many ms off. */
  function endTold(off: number): Run {
    const made = run();
    made.manifest.endTime = T + 8000 + off;
    made.status.endTime = new Date(T + 8000 + off).toISOString();
    return made;
  }

  test("are true of when they were told", () => {
    const { seen } = endTold(HOUR);
    seen.injections.push({ kind: "clock-ahead", from: T + 6000, to: T + 8100 });
    expect(judge(seen)).toEqual([]);
  });

  test("of a clock that was behind, too", () => {
    const { seen } = endTold(-3_540_000);
    seen.injections.push({ kind: "clock-behind", from: T + 6000, to: T + 8100 });
    expect(judge(seen)).toEqual([]);
  });

  /** Away from T + 4 s to T + 5 s, and the gap told so many ms off. */
  function gapTold(offFrom: number, offTo: number): Run {
    const made = run();
    const { seen, capture, manifest, status } = made;
    seen.agentAway.push({ from: T + 4000, to: T + 5000 });
    manifest.gaps = [{ from: T + 4000 + offFrom, to: T + 5000 + offTo }];
    Object.assign(status, { resumes: 1, gapSeconds: 1 });
    const file = capture.files[0];
    const lost = file?.packets.filter(({ at }) => at > T + 4000 && at < T + 5000).length ?? 0;
    if (file !== undefined) file.packets = file.packets.filter(({ at }) => at < T + 4000 || at > T + 5000);
    for (const one of [manifest.statistics, status.statistics, manifest.files[0]])
      if (one !== undefined) one.packets = Number(one.packets) - lost;
    return made;
  }

  test("of a gap that began before: who comes back tells by its clock since when nothing was captured", () => {
    const { seen } = gapTold(HOUR, HOUR);
    seen.injections.push({ kind: "clock-ahead", from: T + 4500, to: T + 7000 });
    expect(judge(seen)).toEqual([]);
  });

  test("of a gap are untrue where its seconds are those between two clocks", () => {
    const { seen, status } = gapTold(HOUR, HOUR);
    seen.injections.push({ kind: "clock-ahead", from: T + 4500, to: T + 7000 });
    status.gapSeconds = 3601;
    expect(rules(seen)).toEqual(["gaps"]);
  });

  test("excuse no capture that went on for longer than was asked for", () => {
    const { seen, manifest, status } = gapTold(0, 0);
    seen.injections.push({ kind: "clock-behind", from: T + 4500, to: T + 7000 });
    manifest.endTime = T + 9900;
    status.endTime = new Date(T + 9900).toISOString();
    expect(rules(seen)).toContain("times");
  });

  test("are untrue where the clock was right then", () => {
    const { seen } = endTold(HOUR);
    seen.injections.push({ kind: "clock-ahead", from: T + 1000, to: T + 3000 });
    expect(rules(seen)).toContain("times");
  });

  test("are untrue by more than the hour", () => {
    const { seen } = endTold(HOUR - 5000);
    seen.injections.push({ kind: "clock-ahead", from: T + 1000, to: T + 8100 });
    expect(rules(seen)).toContain("times");
  });
});

describe("a disk that took nothing at a capture's end", () => {
  function unsealed(): Run {
    const made = run();
    const { capture, manifest, status } = made;
    delete manifest.reason;
    delete manifest.endTime;
    Object.assign(manifest.statistics, { packets: 400 });
    manifest.files = manifest.files.slice(0, 1);
    capture.leftovers.push("node-1.one.1.00002.pcap.part", ".node-1.one.1.json.reserve");
    Object.assign(status, { progress: "failure", reason: "WriteError" });
    const complete = status.conditions?.find(({ type }) => type === "Complete");
    if (complete !== undefined) complete.type = "Failed";
    for (const event of capture.events) if (event.reason === "TimeElapsed") event.reason = "WriteError";
    made.seen.injections.push({ kind: "disk-read-only", from: T + 7500, to: T + 9000 });
    return made;
  }

  test("leaves an old manifest, and the status tells what there is", () => {
    expect(judge(unsealed().seen)).toEqual([]);
  });

  test("excuses nothing of an end before it", () => {
    const { seen } = unsealed();
    for (const injection of seen.injections) injection.from = T + 8600;
    expect(rules(seen)).toEqual(expect.arrayContaining(["leftovers", "statistics", "listing"]));
  });

  test("excuses no packets that are told and not there", () => {
    const { seen, status } = unsealed();
    Object.assign(status.statistics ?? {}, { packets: 620 });
    expect(rules(seen)).toEqual(["count"]);
  });

  test("excuses no packets that are in no file and not told of", () => {
    const { seen, capture, status } = unsealed();
    const lost = capture.files[1]?.packets.splice(100, 50) ?? [];
    Object.assign(status.statistics ?? {}, { packets: 600 - lost.length });
    expect(rules(seen)).toEqual(["lost packets"]);
    Object.assign(status.statistics ?? {}, { dropped: lost.length });
    expect(judge(seen)).toEqual([]);
  });
});

describe("an interface that went down and came up", () => {
  /** Down at T + 3 s, up at T + 4 s; one packet is missing that was sent then. */
  function missing(number: number): Run {
    const made = run();
    const { seen, capture, manifest, status } = made;
    const [first] = capture.files;
    if (first !== undefined) first.packets = first.packets.filter((packet) => packet.number !== number);
    const [listed] = manifest.files;
    if (listed !== undefined) listed.packets -= 1;
    manifest.statistics.packets -= 1;
    Object.assign(status.statistics ?? {}, { packets: manifest.statistics.packets });
    const times = { from: T + 3000, doneAt: T + 3010, undoneFrom: T + 4000, to: T + 4040 };
    seen.injections.push({ kind: "interface-renamed", ...times });
    return made;
  }

  test("hands a packet that passes as it comes up to nobody", () => {
    expect(judge(missing(402).seen)).toEqual([]);
  });

  test("has no excuse for one that passed later", () => {
    expect(rules(missing(450).seen)).toEqual(["lost packets"]);
  });

  test("has none for a packet of a pod", () => {
    const { seen, capture } = missing(402);
    Object.assign(seen.sent, { "pod-0": seen.sent.node });
    capture.stream = "pod-0";
    expect(rules(seen)).toEqual(["lost packets"]);
  });
});

describe("a whole file that somebody removed", () => {
  function taken(): Run {
    const made = run();
    const [file] = made.capture.files.splice(0, 1);
    made.status.fileLocation = `/var/pcapper/one/${made.capture.files[0]?.name}`;
    const removedFiles = [file?.name ?? ""];
    const from = T + 7000;
    made.seen.injections.push({ kind: "whole-files-removed", from, to: from, capture: "one", removedFiles });
    return made;
  }

  test("is in the list with what was in it", () => {
    expect(judge(taken().seen)).toEqual([]);
  });

  test("is another than the one that is missing", () => {
    const { seen } = taken();
    for (const injection of seen.injections) injection.removedFiles = ["node-1.one.1.00002.pcap"];
    expect(rules(seen)).toEqual(expect.arrayContaining(["listing", "count"]));
  });

  test("had no more packets than the list says", () => {
    const { seen, manifest } = taken();
    const [listed] = manifest.files;
    if (listed !== undefined) listed.packets -= 100;
    expect(rules(seen)).toEqual(expect.arrayContaining(["lost packets", "count"]));
  });
});

describe("a disk that stood still as a capture's time was over", () => {
  /** Its end was two seconds late. */
  function late(to: number): Run {
    const made = run();
    const { seen, capture, manifest, status } = made;
    manifest.endTime = T + 9900;
    status.endTime = new Date(T + 9900).toISOString();
    capture.files[1]?.packets.push(...packets(800, 989));
    for (const one of [manifest.statistics, status.statistics, manifest.files[1]])
      if (one !== undefined) one.packets = Number(one.packets) + 190;
    seen.injections.push({ kind: "disk-slow", from: T + 7900, to });
    return made;
  }

  test("lets it end when it moves again", () => {
    expect(judge(late(T + 9800).seen)).toEqual([]);
  });

  test("and no later", () => {
    expect(rules(late(T + 8100).seen)).toEqual(["times"]);
  });
});
