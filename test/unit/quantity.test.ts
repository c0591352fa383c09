import { expect, test } from "vitest";
import { parseQuantity } from "../../src/quantity.ts";

test.each([
  ["0", 0],
  ["65536", 65_536],
  ["+5", 5],
  ["100k", 100_000],
  ["100M", 100_000_000],
  ["100Mi", 104_857_600],
  ["64Ki", 65_536],
  ["1Ti", 1_099_511_627_776],
  ["1.5Gi", 1_610_612_736],
  [".5k", 500],
  ["5.", 5],
  ["2000m", 2],
  ["1e3", 1_000],
  ["1E3", 1_000],
  ["12e-1k", undefined],
  ["1500e-2", 15],
  ["1P", 1e15],
])("%s is %s bytes", (text, bytes) => {
  expect(parseQuantity(text)).toBe(bytes);
});

test.each([
  "",
  ".",
  "k",
  "12Q",
  "100K",
  "100MB",
  "100 M",
  " 1",
  "1\n",
  "-1",
  "0x10",
  "1.5",
  "100m",
  "0.1Ki",
  "1,000",
  "Infinity",
  "1e99",
  "1E",
  "9".repeat(60),
])("%j is no whole number of bytes that a file could have", (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});
