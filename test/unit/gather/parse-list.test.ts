import { describe, expect, test } from "vitest";
import type { ExportedCapture, ExportList } from "../../../src/export/listing.ts";
import { ConnectionLost } from "../../../src/gather/export-transport.ts";
import { FetchError } from "../../../src/gather/fetch-error.ts";
import { parseList } from "../../../src/gather/parse-list.ts";

const FILE = { name: "n.pcap1.1.00001.pcap", bytes: 10, modified: "2026-11-24T10:00:00.000Z" };
const OTHER = { ...FILE, name: "n.pcap1.1.00002.pcap" };
const CAPTURE: ExportedCapture = {
  ...{ folder: "pcap1", prefix: "n.pcap1.1", manifest: {}, running: false },
  ...{ files: [FILE], problems: [] },
};
const INTACT: ExportedCapture = { ...CAPTURE, folder: "intact" };
const list = (captures: unknown[], more = {}): string =>
  JSON.stringify({ export: "pcapper/v1", node: "n", captures, problems: [], ...more });
const problemsOf = ({ problems, captures }: ExportList): string[] => [
  ...problems,
  ...captures.flatMap((capture) => capture.problems),
];

test("a node's list is taken as it is", () => {
  const manifestFile = { ...FILE, name: "n.pcap1.1.json" };
  const full = { ...CAPTURE, manifestFile, removedMeanwhile: ["x"], problems: ["y"] };
  expect(parseList(list([full, INTACT], { problems: ["z"] }))).toEqual({
    ...{ export: "pcapper/v1", node: "n", captures: [full, INTACT], problems: ["z"] },
  });
});

describe("what is no capture is named, and the others are taken:", () => {
  test.each([
    ["a folder above", { folder: ".." }],
    ["a folder with a path", { folder: "a/b" }],
    ["a hidden folder", { folder: ".ssh" }],
    ["an empty folder", { folder: "" }],
    ["no folder", { folder: undefined }],
    ["a prefix with a path", { prefix: "../../x" }],
    ["a prefix whose manifest would be a status", { prefix: "n.pcap1.1.status" }],
    ["neither running nor not", { running: "yes" }],
  ])("%s", (_what, change) => {
    const { captures, problems } = parseList(list([{ ...CAPTURE, ...change }, INTACT]));
    expect(captures).toEqual([INTACT]);
    expect(problems).toEqual([expect.stringMatching(/^its list has what is no capture: \{"/)]);
  });

  test.each([[null], [1], ["text"], [[]]])("%j", (value) => {
    const { captures, problems } = parseList(list([value, INTACT]));
    expect(captures).toEqual([INTACT]);
    expect(problems).toEqual([`its list has what is no capture: ${JSON.stringify(value)}`]);
  });

  test("one capture twice", () => {
    expect(parseList(list([INTACT, { ...INTACT, files: [] }]))).toMatchObject({
      captures: [INTACT],
      problems: [expect.stringContaining("no capture")],
    });
  });
});

describe("what is no file of its capture is named, and the others are taken:", () => {
  test.each([
    ["a file with a path", { ...FILE, name: "../x.00001.pcap" }],
    ["a file that is none of a capture", { ...FILE, name: ".bashrc" }],
    ["a file of another capture", { ...FILE, name: "n.pcap2.1.00001.pcap" }],
    ["a manifest among the files", { ...FILE, name: "n.pcap1.1.json" }],
    ["a file name with a line break", { ...FILE, name: "a\n.00001.pcap" }],
    ["a length that is no number", { ...FILE, bytes: "10" }],
    ["a negative length", { ...FILE, bytes: -1 }],
    ["a length beyond all numbers", { ...FILE, bytes: 1e300 }],
    ["no time", { ...FILE, modified: undefined }],
    ["a time that is none", { ...FILE, modified: "yesterday" }],
    ["one file twice", OTHER],
    ["nothing", null],
  ])("%s", (_what, file) => {
    const parsed = parseList(list([{ ...CAPTURE, files: [file, OTHER] }, INTACT]));
    expect(parsed.captures).toMatchObject([{ folder: "pcap1", files: [OTHER] }, INTACT]);
    expect(problemsOf(parsed)).toEqual([
      expect.stringMatching(/^its list has what is no file of this capture: ./),
    ]);
  });

  test("a manifest file with a path", () => {
    const manifestFile = { ...FILE, name: "/etc/x.json" };
    const parsed = parseList(list([{ ...CAPTURE, manifestFile }]));
    expect(parsed.captures).toMatchObject([{ files: [FILE] }]);
    expect(parsed.captures[0]).not.toHaveProperty("manifestFile");
    expect(problemsOf(parsed)).toEqual([expect.stringContaining("no manifest of this capture")]);
  });

  test("files that are no list", () => {
    const parsed = parseList(list([{ ...CAPTURE, files: {} }, INTACT]));
    expect(parsed.captures).toMatchObject([{ files: [] }, INTACT]);
    expect(problemsOf(parsed)).toHaveLength(1);
  });
});

test("a manifest that is none is not taken, nor problems that are no text, and long ones are cut", () => {
  const parsed = parseList(
    list([{ ...CAPTURE, manifest: "text", problems: [1, "x"] }], { problems: ["y".repeat(5000)] }),
  );
  expect(parsed.captures[0]).not.toHaveProperty("manifest");
  expect(parsed.captures[0]?.problems).toEqual(["x"]);
  expect(parsed.problems).toEqual(["y".repeat(1000)]);
});

test("of many odd ones some are named, and the others counted", () => {
  const { captures, problems } = parseList(list([...Array(1000).fill(1), INTACT]));
  expect(captures).toEqual([INTACT]);
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe("its list has 980 more of that kind");
});

test.each([[list([CAPTURE], { export: "other/v9" })], [list([], { captures: {} })], ["[]"], ["1"]])(
  "%s is no list",
  (text) => expect(() => parseList(text)).toThrow(FetchError),
);

test("a list without an end is a connection that was lost", () => {
  expect(() => parseList(list([CAPTURE]).slice(0, -5))).toThrow(ConnectionLost);
});
