import { expect, test } from "vitest";
import { createProgress } from "../../../src/progress/terminal.ts";

test("what is said beside the progress of a run cannot send anything but text to the terminal", () => {
  const written: string[] = [];
  const progress = createProgress({ columns: 80, write: (text) => written.push(text) });
  progress.note("web: WriteError: a\u001b]0;evil\u0007b\u009b2J");
  progress.end();
  expect(written[0]).toBe("\r\u001b[2Kweb: WriteError: a\\x1b]0;evil\\x07b\\x9b2J\n");
});
