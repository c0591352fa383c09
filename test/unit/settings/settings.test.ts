import { expect, test } from "vitest";
import { PcapperError } from "../../../src/errors.ts";
import { parseLogLevel, RUN_DEFAULTS, readSettings } from "../../../src/settings.ts";

test("an empty environment means the defaults of a workstation", () => {
  expect(readSettings({ MAX_CAPTURES: "" }, RUN_DEFAULTS)).toEqual({
    maxTotalFileSize: 10_000_000_000,
    minFreeDisk: { kind: "share", percent: 10 },
    maxCaptures: 16,
    captureBuffer: 67_108_864,
    captureMemory: 268_435_456,
    maxWriteRate: 0,
    logLevel: "info",
  });
});

test("what is set wins", () => {
  const settings = readSettings(
    {
      MIN_FREE_DISK: "20G",
      MAX_WRITE_RATE: "50M",
      LOG_LEVEL: "DEBUG",
      CAPTURE_BUFFER: "1Mi",
      MAX_TOTAL_FILESIZE: "1Ti",
    },
    RUN_DEFAULTS,
  );
  expect(settings).toMatchObject({
    minFreeDisk: { kind: "bytes", bytes: 20_000_000_000 },
    maxWriteRate: 50_000_000,
    logLevel: "debug",
    captureBuffer: 1_048_576,
    maxTotalFileSize: 1_099_511_627_776,
  });
});

test.each(["debug", "DEBUG", " Debug "])("the log level may be written %j", (text) => {
  expect(parseLogLevel(text)).toBe("debug");
});

test("nothing need stay free", () => {
  expect(readSettings({ MIN_FREE_DISK: "0" }, RUN_DEFAULTS).minFreeDisk).toEqual({ kind: "bytes", bytes: 0 });
});

test.each([
  ["MAX_TOTAL_FILESIZE", "0"],
  ["MAX_TOTAL_FILESIZE", "12Q"],
  ["MAX_TOTAL_FILESIZE", "-1"],
  ["MIN_FREE_DISK", "100%"],
  ["MIN_FREE_DISK", "-5%"],
  ["MIN_FREE_DISK", "lots"],
  ["MAX_CAPTURES", "0"],
  ["MAX_CAPTURES", "1e3"],
  ["MAX_CAPTURES", "1001"],
  ["CAPTURE_BUFFER", "1K"],
  ["CAPTURE_BUFFER", "2Gi"],
  ["CAPTURE_MEMORY", "0"],
  ["MAX_WRITE_RATE", "0"],
  ["MAX_WRITE_RATE", "fast"],
  ["LOG_LEVEL", "loud"],
])("%s=%s stops with a sentence that names both, and exit code 2", (variable, value) => {
  const read = () => readSettings({ [variable]: value }, RUN_DEFAULTS);
  expect(read).toThrow(PcapperError);
  expect(read).toThrow(new RegExp(`^${variable} is "${value}": write .+[^.]$`));
  try {
    read();
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2, code: "PCAPPER_BAD_ENVIRONMENT" });
  }
});
