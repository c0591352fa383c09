import { describe, expect, test } from "vitest";
import type { ExportedCapture } from "../../../src/export/listing.ts";
import { ConnectionLost } from "../../../src/gather/export-transport.ts";
import { FetchError } from "../../../src/gather/fetch-error.ts";
import { parseList } from "../../../src/gather/node-list.ts";

const FILE = { name: "n.pcap1.1.00001.pcap", bytes: 10, modified: "2026-11-24T10:00:00.000Z" };
const CAPTURE: ExportedCapture = {
  ...{ folder: "pcap1", prefix: "n.pcap1.1", manifest: {}, running: false },
  ...{ files: [FILE], problems: [] },
};
const list = (captures: unknown[], more = {}): string =>
  JSON.stringify({ export: "pcapper/v1", node: "n", captures, problems: [], ...more });

test("a node's list is taken as it is", () => {
  expect(parseList(list([CAPTURE])).captures).toEqual([CAPTURE]);
});

describe("what a node that lies might say is not taken:", () => {
  test.each([
    ["a folder above", { folder: ".." }],
    ["a folder with a path", { folder: "a/b" }],
    ["a hidden folder", { folder: ".ssh" }],
    ["an empty folder", { folder: "" }],
    ["a prefix with a path", { prefix: "../../x" }],
    ["a file with a path", { files: [{ ...FILE, name: "../x.00001.pcap" }] }],
    ["a file that is none of a capture", { files: [{ ...FILE, name: ".bashrc" }] }],
    ["a file name with a line break", { files: [{ ...FILE, name: "a\n.00001.pcap" }] }],
    ["a length that is no number", { files: [{ ...FILE, bytes: "10" }] }],
    ["a negative length", { files: [{ ...FILE, bytes: -1 }] }],
    ["a length beyond all numbers", { files: [{ ...FILE, bytes: 1e300 }] }],
    ["no time", { files: [{ ...FILE, modified: undefined }] }],
    ["one file twice", { files: [FILE, FILE] }],
    ["a manifest file with a path", { manifestFile: { ...FILE, name: "/etc/x.json" } }],
    ["a manifest that is none", { manifest: "text" }],
    ["problems that are no text", { problems: [1] }],
    ["files that are no list", { files: {} }],
  ])("%s", (_what, change) => {
    expect(() => parseList(list([{ ...CAPTURE, ...change }]))).toThrow(FetchError);
  });

  test.each([
    [list([null])],
    [list([CAPTURE], { export: "other/v9" })],
    [list([CAPTURE], { problems: "x" })],
    ["[]"],
  ])("%s", (text) => expect(() => parseList(text)).toThrow(FetchError));
});

test("a list without an end is a connection that was lost", () => {
  expect(() => parseList(list([CAPTURE]).slice(0, -5))).toThrow(ConnectionLost);
});
