import { expect, test } from "vitest";
import { closedGaps, gapFacts } from "../../../src/agent/gaps.ts";

const gap = (from: string, to: string) => ({
  from: `2026-01-01T00:00:${from}Z`,
  to: `2026-01-01T00:00:${to}Z`,
});

test("each gap is a resume, and their seconds are added before they are rounded", () => {
  const gaps = [gap("01.000", "02.400"), gap("10.000", "12.400")];
  expect(gapFacts(gaps)).toEqual({ resumes: 2, gapSeconds: 4 });
});

test("a clock that was set back makes no gap shorter than nothing", () => {
  expect(gapFacts([gap("30.000", "10.000"), gap("40.000", "45.000")])).toEqual({
    resumes: 2,
    gapSeconds: 5,
  });
});

test("without a gap a status says nothing of any", () => {
  expect(gapFacts([])).toEqual({});
});

test("the last gap is over when it captures again, not when that was decided", () => {
  const gaps = [gap("01.000", "02.400"), gap("10.000", "12.400")];
  const resumed = Date.parse(gap("10.000", "13.100").to);
  expect(closedGaps(gaps, resumed)).toEqual([gaps[0], gap("10.000", "13.100")]);
  expect(closedGaps(gaps, 0)).toEqual(gaps);
  expect(closedGaps([], resumed)).toEqual([]);
});
