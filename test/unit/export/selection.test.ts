import { describe, expect, test } from "vitest";
import type { ExportedCapture } from "../../../src/export/listing.ts";
import { selectFiles } from "../../../src/export/selection.ts";
import { sinceTime } from "../../../src/export/since.ts";

const file = (name: string, lastTimestamp: string | undefined, modified = "2026-11-24T12:00:00Z") => ({
  ...{ name, bytes: 1, modified },
  ...(lastTimestamp !== undefined && { lastTimestamp }),
});
const capture = (some: Partial<ExportedCapture>): ExportedCapture => ({
  ...{ folder: "c", prefix: "n.c.1", running: false, files: [], problems: [] },
  ...some,
});
const TEN = Date.parse("2026-11-24T10:00:00Z");
const chosen = (some: Partial<ExportedCapture>, includeRunning = false, since: number | undefined = TEN) => {
  const selected = selectFiles(capture(some), { includeRunning, since });
  return "leftOut" in selected ? selected.leftOut : selected.files.map(({ name }) => name);
};

describe("the files of a capture that are taken", () => {
  test("are those whose last packet is not older", () => {
    const files = [
      file("old", "2026-11-24T09:59:59.999999999Z"),
      file("edge", "2026-11-24T10:00:00.000000000Z"),
      file("new", "2026-11-24T11:00:00.000000000Z"),
    ];
    expect(chosen({ files })).toEqual(["edge", "new"]);
  });

  test("go by when they were written where no packet has a time", () => {
    expect(chosen({ files: [file("empty", ""), file("old", undefined, "2026-11-24T09:00:00Z")] })).toEqual([
      "empty",
    ]);
  });

  test("are all where no time is named, and none of a running capture unless it is asked for", () => {
    const files = [file("old", "2026-01-01T00:00:00Z")];
    expect(selectFiles(capture({ files }), { includeRunning: false, since: undefined })).toEqual({ files });
    expect(chosen({ running: true, files })).toContain("--include-running");
    expect(chosen({ running: true, files: [file("new", "2026-11-24T11:00:00Z")] }, true)).toEqual(["new"]);
  });

  test("are none of a capture that is older, and its manifest where it had no packets but is newer", () => {
    const manifestFile = file("n.c.1.json", undefined);
    expect(chosen({ files: [file("old", "2026-11-24T09:00:00Z")], manifestFile })).toContain("is older than");
    expect(chosen({ manifestFile })).toEqual([]);
    expect(chosen({ manifestFile: { ...manifestFile, modified: "2026-11-24T09:00:00Z" } })).toContain(
      "is older",
    );
  });
});

describe("--since and --since-time", () => {
  test.each([
    [{ since: "2h" }, TEN - 7_200_000],
    [{ since: "1d12h" }, TEN - 129_600_000],
    [{ sinceTime: "2026-11-24T08:00:00Z" }, TEN - 7_200_000],
    [{ sinceTime: "2026-11-24T10:00:00.5+02:00" }, TEN - 7_199_500],
    [{}, undefined],
  ])("%j", (options, expected) => expect(sinceTime(options, TEN)).toBe(expected));

  test.each([
    [{ since: "2" }, '--since is "2": write a duration, for example 2h, 90m or 1d12h'],
    [{ since: "" }, '--since is "": write a duration'],
    [{ sinceTime: "yesterday" }, '--since-time is "yesterday": write RFC 3339'],
    [{ sinceTime: "2026-11-24" }, "write RFC 3339"],
    [{ sinceTime: "2026-13-24T08:00:00Z" }, "write RFC 3339"],
    [
      { since: "2h", sinceTime: "2026-11-24T08:00:00Z" },
      "--since and --since-time are both there: write one",
    ],
  ])("%j is wrong use", (options, sentence) => expect(() => sinceTime(options, TEN)).toThrow(sentence));
});
