import { expect, test } from "vitest";
import { parseRecord } from "../../../src/store/files/parse-record.ts";

const parsed = (text: string) => parseRecord(Buffer.from(text));

test("JSON is read, whatever is in its texts", () => {
  const record = { text: '[[[,,,"\\', list: [1, { a: null }] };
  expect(parsed(JSON.stringify(record))).toEqual({ value: record });
});

test("as many files as a capture may have are read", () => {
  const file = {
    name: "p.00001.pcap",
    number: 1,
    packets: 1,
    bytes: 1,
    firstTimestamp: "",
    lastTimestamp: "",
  };
  const files = Array.from({ length: 99_999 }, () => file);
  expect(parsed(JSON.stringify({ files }))).toEqual({ value: { files } });
});

test.each([
  ["more lists than memory has room for", `[${"[],".repeat(1_000_000)}[]]`, "more than 1000000 values"],
  ["more numbers", `[${"1,".repeat(1_000_001)}1]`, "more than 1000000 values"],
  ["lists in lists", `${"[".repeat(200_000)}${"]".repeat(200_000)}`, "nested 200000 deep"],
  ["objects in objects", `${'{"a":'.repeat(101)}1${"}".repeat(101)}`, "nested 101 deep"],
  ["half a text", '{"a":"', "not whole JSON"],
  ["nothing", "", "not whole JSON"],
  ["zeros", "\0\0\0", "not whole JSON"],
])("%s: a problem, and nothing is thrown", (_what, text, problem) => {
  const found = parsed(text);
  expect("problem" in found && found.problem).toContain(problem);
});

test("bytes that are no text", () => {
  expect(parseRecord(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]))).toEqual({ problem: "it is not whole JSON" });
});
