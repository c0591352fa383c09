import { expect, test } from "vitest";
import { parseDuration } from "../../src/duration.ts";

test.each([
  ["2d", 172_800],
  ["12h", 43_200],
  ["2d12h", 216_000],
  ["90m", 5_400],
  ["45s", 45],
  ["0s", 0],
  ["1d2h3m4s", 93_784],
])("%s is %i seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  "",
  "90",
  "2d12x",
  "12h2d",
  "1h1h",
  "-1d",
  "1.5h",
  " 1d",
  "1d ",
  "d",
  "1D",
  "1ms",
  "1w",
  "9999999999s",
])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
