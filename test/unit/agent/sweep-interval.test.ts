import { expect, test } from "vitest";
import { sweepInterval } from "../../../src/agent/retention/sweep-interval.ts";

test.each([
  ["two days", 2 * 86_400, 600],
  ["an hour", 3600, 600],
  ["ten minutes", 600, 150],
  ["a minute", 60, 15],
  ["a second", 1, 5],
])("files that are kept for %s are looked for often enough, and no more often", (_kept, seconds, every) => {
  expect(sweepInterval(seconds)).toBe(every * 1000);
});
