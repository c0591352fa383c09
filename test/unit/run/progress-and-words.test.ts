import { describe, expect, test } from "vitest";
import { runningMessage } from "../../../src/agent/messages.ts";
import { planCapture } from "../../../src/api/plan.ts";
import { planText } from "../../../src/api/plan-text.ts";
import { byteSizeText } from "../../../src/byte-size.ts";
import { clockText, progressLine } from "../../../src/progress/line.ts";
import { knownInterfacesText, parseInterfaceNames } from "../../../src/run/interface-names.ts";
import { NO_PACKETS, report } from "../agent/fake-native.ts";

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1000, "1 kB"],
  [1536, "1.54 kB"],
  [100_000_000, "100 MB"],
  [999_999, "1 MB"],
  [10_737_418_240, "10.7 GB"],
  [1e21, "1000000 PB"],
])("%d bytes are called %s", (bytes, text) => {
  expect(byteSizeText(bytes)).toBe(text);
});

test.each([
  [5, "0:05"],
  [600, "10:00"],
  [99_999, "27:46:39"],
])("%d seconds are %s", (seconds, text) => {
  expect(clockText(seconds)).toBe(text);
});

describe("the progress line", () => {
  const facts = { name: "pcap1", captureSeconds: 60, samples: [], now: 1_012_500 };

  test("says time, packets, rate, bytes, losses and the file", () => {
    const samples = [
      { time: 1_011_500, packets: 0 },
      { time: 1_012_000, packets: 51_200 },
    ];
    const statistics = { ...NO_PACKETS, packets: 51_200, droppedByKernel: 3 };
    const now = report({ statistics, bytesOnDisk: 2_000_000, currentFile: "/out/p.00001.pcap.part" });
    expect(progressLine({ ...facts, report: now, samples })).toBe(
      "pcap1  0:12 of 1:00  51,200 packets  102,400/s  2 MB  3 lost  p.00001.pcap.part",
    );
  });

  test("at the end shows the rate of the whole capture", () => {
    const statistics = { ...NO_PACKETS, packets: 1000 };
    const ended = report({ state: "ended", statistics, endTime: 1_010_000 });
    expect(progressLine({ ...facts, report: ended })).toContain("0:10 of 1:00  1,000 packets  100/s");
  });

  test("before the start says what it is doing", () => {
    expect(progressLine({ ...facts, report: report({ state: "opening", startTime: 0 }) })).toBe(
      "pcap1  opening",
    );
  });

  test("never shows more time than there is", () => {
    expect(progressLine({ ...facts, now: 9_000_000, report: report({}) })).toContain("1:00 of 1:00");
  });
});

test("interface names are read from the kernel's table", () => {
  const table = "Inter-|   Receive\n face |bytes\n    lo:  0 0\n  eth0: 1 2\n eth0:1: 3 4\n";
  expect(parseInterfaceNames(table)).toEqual(["lo", "eth0", "eth0:1"]);
});

test("one packet and one byte are one, and two are two", () => {
  const target = { targetNode: "localhost", targetInterface: "lo" };
  const one = planCapture({ ...target, packetCount: 1, snapLength: 1 });
  expect(planText(one)).toMatch(/; 600 s or 1 packet; .*; 1 byte of each packet$/);
  expect(runningMessage(one, "lo", [])).toContain("at most 1 packet.");
  const two = planCapture({ ...target, packetCount: 2, snapLength: 2 });
  expect(planText(two)).toMatch(/; 600 s or 2 packets; .*; 2 bytes of each packet$/);
});

test("a few interfaces are named, many are not", () => {
  expect(knownInterfacesText(["lo", "eth0"])).toBe("; this machine has lo, eth0 and any");
  expect(knownInterfacesText(Array.from({ length: 9 }, (_, index) => `veth${index}`))).toBe("");
});
