import { expect, test } from "vitest";
import type { PacketCapture } from "../../../src/api/resource.ts";
import type { CaptureReport } from "../../../src/capture/native.ts";
import { createProgress } from "../../../src/progress/terminal.ts";

const OPENING = { state: "opening", startTime: 0, statistics: {} } as CaptureReport;

function capture(name: string): PacketCapture {
  const spec = { targetNode: "localhost", targetInterface: "lo" };
  return { metadata: { name, uid: name }, spec } as PacketCapture;
}

test("of more captures than the terminal has lines some are shown and the rest are told, and at the end all", () => {
  const written: string[] = [];
  const progress = createProgress({ columns: 80, rows: 4, write: (text) => written.push(text) });
  for (const name of ["a", "b", "c", "d", "e"]) progress.follow(capture(name), () => OPENING);
  progress.note("hello");
  progress.end();
  const lines = written.map((text) => text.split("\r\u001b[2K").map((line) => line.trim()));
  expect(lines).toEqual([
    ["", "hello", "a  opening", "b  opening", "and 3 more captures"],
    ["\u001b[3A", "a  opening", "b  opening", "c  opening", "d  opening", "e  opening"],
  ]);
});

test("what is said beside the progress of a run cannot send anything but text to the terminal", () => {
  const written: string[] = [];
  const progress = createProgress({ columns: 80, write: (text) => written.push(text) });
  progress.note("web: WriteError: a\u001b]0;evil\u0007b\u009b2J");
  progress.end();
  expect(written[0]).toBe("\r\u001b[2Kweb: WriteError: a\\x1b]0;evil\\x07b\\x9b2J\n");
});
