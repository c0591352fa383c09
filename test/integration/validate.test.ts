import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../helpers/wait-until.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const HEAD = "apiVersion: packetcapture/v1alpha1\nkind: PacketCapture\nmetadata: {name: one}\n";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pcapper-validate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function validate(file: string, input = ""): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(LAUNCHER, ["validate", "-f", file], {
    input,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function capture(captureFilter: string, targetInterface = "eth0"): string {
  return `${HEAD}spec: ${JSON.stringify({ targetNode: "localhost", targetInterface, captureFilter })}\n`;
}

test("a valid manifest is summed up in a line for each capture", () => {
  const second = capture("").replace("one", "two");
  expect(validate("-", `${capture("udp port 53")}---\n${second}`)).toEqual({
    status: 0,
    stdout:
      'one: valid (node localhost, interface eth0; filter "udp port 53"; 600 s; 10 files of 100 MB, at most 1 GB)\n' +
      "two: valid (node localhost, interface eth0; all packets; 600 s; 10 files of 100 MB, at most 1 GB)\n",
    stderr: "",
  });
});

test("under nohup a SIGHUP does not end a command", async () => {
  const child = spawn("nohup", [LAUNCHER, "validate", "-f", "-"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  await waitUntil("it has a word in signals", () => hangupIsCaught(child.pid ?? 0));
  child.kill("SIGHUP");
  child.stdin.end(capture(""));
  expect(await ended).toEqual([0, null]);
});

/** proc(5): a mask of signals, of which SIGHUP is the lowest bit. */
function hangupIsCaught(pid: number): boolean {
  const [, mask = "0"] = /^SigCgt:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

test("stop: true at creation is valid, and said", () => {
  const text = capture("udp").replace("spec: {", 'spec: {"stop":true,');
  const { stdout } = validate("-", text);
  expect(stdout).toContain("stop is true: it ends at once");
});

test.each([
  ["udp port", "can't parse filter expression: syntax error"],
  ["nonsense", "nonsense"],
  [Array.from({ length: 290 }, (_, index) => `host 1::${index.toString(16)}`).join(" or "), "4096"],
])("libpcap's own words say what is wrong with the filter %.20s", (filter, words) => {
  const { status, stdout, stderr } = validate("-", capture(filter));
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^pcapper: standard input:\d+:\d+: spec\.captureFilter is ".*\[PCAPPER_INVALID_FILTER\]\n$/,
  );
  expect(stderr).toContain(words);
});

test("a filter that no Ethernet packet needs is compiled for what `any` delivers", () => {
  expect(validate("-", capture("inbound and ip", "any")).status).toBe(0);
});

test("a manifest of 1 MiB is refused by its size", () => {
  const file = join(folder, "large.yaml");
  writeFileSync(file, "#".repeat(1024 * 1024));
  const stderr = `pcapper: ${file} is too large: a manifest file has at most 262144 bytes [PCAPPER_FILE_TOO_LARGE]\n`;
  expect(validate(file)).toEqual({ status: 2, stdout: "", stderr });
});

test("what is no readable text file is refused with a sentence", () => {
  const binary = join(folder, "binary");
  writeFileSync(binary, Buffer.from([0xa1, 0xb2, 0xc3, 0xd4]));
  const missing = join(folder, "missing.yaml");
  const refusals = [folder, missing, binary, "/dev/zero"].map((file) => validate(file));
  expect(refusals.map(({ status }) => status)).toEqual([2, 2, 2, 2]);
  expect(refusals.map(({ stderr }) => stderr)).toEqual([
    `pcapper: ${folder} cannot be read: it is a folder: name a file, or - for standard input [PCAPPER_FILE_UNREADABLE]\n`,
    `pcapper: ${missing} cannot be read: there is no such file [PCAPPER_FILE_UNREADABLE]\n`,
    `pcapper: ${binary} is not a text file in UTF-8 [PCAPPER_INVALID_YAML]\n`,
    "pcapper: /dev/zero is too large: a manifest file has at most 262144 bytes [PCAPPER_FILE_TOO_LARGE]\n",
  ]);
});

test("an empty standard input is named as such", () => {
  expect(validate("-").stderr).toBe(
    "pcapper: standard input is empty: write at least one PacketCapture [PCAPPER_EMPTY_FILE]\n",
  );
});
