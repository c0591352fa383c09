import { expect, test } from "vitest";
import {
  captureFilePrefix,
  companionNames,
  leftovers,
  packetFiles,
  preparedFiles,
  wholeName,
} from "../../../src/agent/file-names.ts";

const EPOCH = 1_795_552_886;
const LONG = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

test("node, name and second make the prefix", () => {
  expect(captureFilePrefix("node-1.example", "pcap1", EPOCH)).toBe("node-1.example.pcap1.1795552886");
});

test.each([
  [LONG, LONG],
  [LONG, "p"],
  ["n", LONG],
  ["n".repeat(106), "p".repeat(106)],
  ["n".repeat(107), "p".repeat(106)],
])("every name built on it fits into a file name (%#)", (node, name) => {
  const prefix = captureFilePrefix(node, name, EPOCH);
  const names = [
    ...Object.values(companionNames(prefix)),
    `.${prefix}.99999.pcap.next`,
    `${prefix}.99999.pcap.part`,
  ];
  for (const built of names) expect(Buffer.byteLength(built)).toBeLessThanOrEqual(255);
});

test("the same names make the same prefix", () => {
  expect(captureFilePrefix(LONG, LONG, EPOCH)).toBe(captureFilePrefix(LONG, LONG, EPOCH));
});

test("long names that differ at the end only make different prefixes", () => {
  const prefixes = ["x", "y", "xy"].map((end) => captureFilePrefix(LONG, LONG.slice(0, -2) + end, EPOCH));
  expect(new Set(prefixes).size).toBe(3);
});

test("where node ends and name begins matters to a shortened prefix", () => {
  const a = captureFilePrefix(`${LONG}.x`, "y", EPOCH);
  const b = captureFilePrefix(LONG, "x.y", EPOCH);
  expect(a).not.toBe(b);
});

test("a shortened prefix is none that plain names could make", () => {
  expect(captureFilePrefix(LONG, LONG, EPOCH)).toMatch(/^[a-z.]+~[0-9a-f]{20}\.\d+$/);
});

test.each(["../evil", "a/b", "a b", ".hidden", "häuser", "a\nb"])(
  "a host called %j makes a harmless name",
  (node) => {
    expect(captureFilePrefix(node, "pcap1", EPOCH)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._~-]+$/);
    expect(captureFilePrefix(node, "pcap1", EPOCH)).not.toContain("/");
  },
);

test("packet files are found by number, whole or partial, and nothing else", () => {
  const names = ["p.1.00002.pcap", "p.1.00001.pcap", "p.1.00010.pcap.part", "p.1.json", "p.1.status.json"];
  const strangers = [
    "p.10.00001.pcap",
    "p.1.1.pcap",
    "p.1.00003.pcap.gz",
    "xp.1.00001.pcap",
    "p.1.00001.pcapng",
  ];
  expect(packetFiles("p.1", [...names, ...strangers])).toEqual([
    { name: "p.1.00001.pcap", number: 1, partial: false },
    { name: "p.1.00002.pcap", number: 2, partial: false },
    { name: "p.1.00010.pcap.part", number: 10, partial: true },
  ]);
});

test("leftovers are hidden files of the same capture", () => {
  const ours = [".p.1.status.reserve", ".p.1.json.tmp"];
  const others = [".p.10.status.reserve", ".p.1.lock", "p.1.00001.pcap", ".p.1.00002.pcap.next", ".bashrc"];
  expect(leftovers("p.1", [...ours, ...others])).toEqual(ours);
});

test("files that were opened ahead are found by number, and nothing else", () => {
  const names = [".p.1.00003.pcap.next", ".p.1.00002.pcap.next"];
  const strangers = [
    ".p.10.00002.pcap.next",
    ".p.1.00002.pcap.next2",
    "p.1.00002.pcap.next",
    ".p.1.2.pcap.next",
  ];
  expect(preparedFiles("p.1", [...names, ...strangers])).toEqual([
    { name: ".p.1.00002.pcap.next", number: 2, partial: true },
    { name: ".p.1.00003.pcap.next", number: 3, partial: true },
  ]);
});

test.each(["p.1.00002.pcap", "p.1.00002.pcap.part", ".p.1.00002.pcap.next"])(
  "%s is whole as .pcap",
  (name) => {
    expect(wholeName(name)).toBe("p.1.00002.pcap");
  },
);
