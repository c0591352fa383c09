import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";
import { createProgress, type Terminal } from "../../../src/progress/terminal.ts";
import { NO_PACKETS, report } from "../agent/fake-native.ts";

const LINE = "one  0:05 of 10:00  100 packets  0/s  0 bytes  0 lost  n.one.1.00001.pcap.part";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_005_000 });
});
afterEach(() => vi.useRealTimers());

function capture(name: string): PacketCapture {
  const spec = { targetNode: "localhost", targetInterface: "eth0", captureSeconds: 600 };
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name, uid: name }, spec };
}

const running = report({
  statistics: { ...NO_PACKETS, packets: 100 },
  currentFile: "/out/n.one.1.00001.pcap.part",
});

const ESCAPE = "\u001b";

/** A terminal, and its lines as they stand after all that was written. */
function screen(columns: number | undefined) {
  const lines: string[] = [];
  let row = 0;
  const print = (text: string): void => {
    for (const character of text) {
      if (character === "\n") row += 1;
      else if (character !== "\r") lines[row] = `${lines[row] ?? ""}${character}`;
    }
  };
  const write = (text: string): void => {
    const [plain = "", ...codes] = text.split(ESCAPE);
    print(plain);
    for (const code of codes) {
      const [, number, letter, rest = ""] = /^\[(\d+)([AK])(.*)$/s.exec(code) ?? [];
      if (letter === "A") row -= Number(number);
      else if (letter === "K") lines[row] = "";
      else throw new Error(`unknown: ${JSON.stringify(code)}`);
      print(rest);
    }
  };
  const terminal: Terminal = columns === undefined ? { write } : { columns, write };
  return { terminal, lines: () => lines };
}

test("a line for each capture is drawn again in place", () => {
  const { terminal, lines } = screen(200);
  const progress = createProgress(terminal);
  progress.follow(capture("one"), () => running);
  progress.follow(capture("two"), () => report({ state: "opening", startTime: 0 }));
  vi.advanceTimersByTime(1500);
  expect(lines()).toEqual([LINE.replace("0:05", "0:06"), "two  opening"]);
  progress.end();
});

test("the line shows what the engine counts once a second, at a steady rate, until nothing comes", () => {
  const { terminal, lines } = screen(200);
  let packets = 0;
  const progress = createProgress(terminal);
  const startTime = Date.now();
  progress.follow(capture("one"), () => ({ ...running, startTime, statistics: { ...NO_PACKETS, packets } }));
  const rates: string[] = [];
  const draw = (count: number): void => {
    vi.advanceTimersByTime(500);
    packets += count;
    vi.advanceTimersByTime(500);
    rates.push(...(/packets {2}([\d,]+)\/s/.exec(lines()[0] ?? "")?.slice(1) ?? []));
  };
  for (let second = 0; second < 5; second += 1) draw(1000);
  expect(lines()[0]).toMatch(/^one {2}0:05 of 10:00 {2}5,000 packets {2}1,000\/s /);
  for (let second = 0; second < 5; second += 1) draw(0);
  expect(lines()[0]).toMatch(/^one {2}0:10 of 10:00 {2}5,000 packets {2}0\/s /);
  expect(rates.slice(0, 5)).toEqual(Array(5).fill("1,000"));
  progress.end();
});

test("what is to be kept stands above the lines that are drawn again", () => {
  const { terminal, lines } = screen(200);
  const progress = createProgress(terminal);
  progress.follow(capture("one"), () => running);
  vi.advanceTimersByTime(500);
  progress.note("Stopping (Ctrl-C)");
  vi.advanceTimersByTime(500);
  progress.end();
  expect(lines()).toEqual(["Stopping (Ctrl-C)", LINE.replace("0:05", "0:06")]);
});

test.each([
  ["narrow", 40, 39],
  ["that says nothing of its width", undefined, 79],
  ["of an unknown size, which is 0", 0, 79],
])("on a terminal %s a line is cut, so that it stays one", (_what, columns, width) => {
  const { terminal, lines } = screen(columns);
  const progress = createProgress(terminal);
  progress.follow(capture("one".padEnd(60, "-")), () => running);
  progress.end();
  expect(lines().map((line) => line.length)).toEqual([width]);
});
