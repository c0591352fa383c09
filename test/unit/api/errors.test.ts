import { expect, test } from "vitest";
import { errorLines, PcapperError, type Problem, throwProblems } from "../../../src/errors.ts";

test("wrong use ends with 2, a failure and a defect with 1", () => {
  expect(new PcapperError("PCAPPER_INVALID_SPEC", "x").exitCode).toBe(2);
  expect(new PcapperError("DiskFull", "x").exitCode).toBe(1);
  expect(new PcapperError("PCAPPER_INTERNAL", "x").exitCode).toBe(1);
});

test("no problems are no error", () => {
  expect(() => throwProblems([])).not.toThrow();
});

test("each problem has a line of its own, with its code", () => {
  const error = new PcapperError("PCAPPER_INVALID_NAME", "a\nb", {
    problems: [
      { code: "PCAPPER_INVALID_NAME", message: "a" },
      { code: "PCAPPER_INVALID_SPEC", message: "b" },
    ],
  });
  expect(errorLines(error)).toBe("pcapper: a [PCAPPER_INVALID_NAME]\npcapper: b [PCAPPER_INVALID_SPEC]\n");
});

test("a file cannot send control characters to the terminal through an error", () => {
  const lines = errorLines(new PcapperError("PCAPPER_INVALID_SPEC", 'spec is "\u001b[31m\r\u0000\u009b"'));
  expect(lines).toBe('pcapper: spec is "\\x1b[31m\\x0d\\x00\\x9b" [PCAPPER_INVALID_SPEC]\n');
});

test("more than 20 problems are counted, not printed", () => {
  const problems: Problem[] = Array.from({ length: 25 }, () => ({
    code: "PCAPPER_INVALID_SPEC",
    message: "x",
  }));
  const lines = errorLines(new PcapperError("PCAPPER_INVALID_SPEC", "x", { problems }))
    .trimEnd()
    .split("\n");
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe("pcapper: and 5 more problems");
});
