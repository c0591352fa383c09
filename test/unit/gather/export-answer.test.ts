import { describe, expect, test } from "vitest";
import { exportError, parseChecksum } from "../../../src/gather/export-answer.ts";
import { ConnectionLost } from "../../../src/gather/export-transport.ts";
import { FetchError } from "../../../src/gather/fetch-error.ts";

describe("an export that did not end well", () => {
  test("is a failure in the node's own words, which say whether the file is gone", () => {
    const gone = exportError(1, '{"hashed":5}\npcapper: c/f is not there [PCAPPER_EXPORT_NOT_FOUND]\n');
    const sentence = "c/f is not there [PCAPPER_EXPORT_NOT_FOUND]";
    expect(gone).toEqual(new FetchError(sentence, { missing: true }));
    expect(exportError(2, "pcapper: x [PCAPPER_BAD_ARGUMENT]\n")).toMatchObject({ missing: false });
  });

  test.each([
    [137, "", "the export ended with 137"],
    [1, "", "the export ended with 1"],
    [126, "sh: no", "the export ended with 126: sh: no"],
  ])("%i with %j may go better next time", (exitCode, stderr, sentence) => {
    expect(exportError(exitCode, stderr)).toEqual(new ConnectionLost(sentence));
  });
});

describe("the checksum", () => {
  const SHA256 = "0".repeat(64);

  test("is the last line, behind signs of life", () => {
    const text = `{"hashed":1}\n{"bytes":5,"sha256":"${SHA256}"}\n`;
    expect(parseChecksum(text)).toEqual({ bytes: 5, sha256: SHA256 });
  });

  test.each([
    "",
    "{}",
    "null",
    '{"hashed":5}',
    `{"bytes":"5","sha256":"${SHA256}"}`,
    '{"bytes":5,"sha256":"x"}',
  ])("is not %j", (text) => expect(parseChecksum(text)).toBeUndefined());
});
