import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { dyingWithTest } from "../helpers/execute.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const GIGABYTE = 1_000_000_000;
/** Node itself has about 60 MB; a file that was held in memory would have a thousand. */
const FLAT = 200_000;

let hostmount: TemporaryFolder;
beforeEach(() => {
  hostmount = makeTemporaryFolder();
  return () => hostmount.remove();
});

/** A sparse file of so many bytes. */
function makeHuge(bytes: number): string {
  const file = { ...madeFile(1, 0) };
  const prefix = makeCapture(hostmount.path, { files: [file] });
  const fd = openSync(join(hostmount.path, "pcap1", packetName(prefix, 1)), "r+");
  ftruncateSync(fd, bytes);
  closeSync(fd);
  return packetName(prefix, 1);
}

function start(...args: string[]) {
  // exec: the process whose memory is looked at is node itself, not a shell.
  const command = [LAUNCHER, "export", ...args, "--hostmount", hostmount.path];
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "pipe", "pipe"] });
  return { child, ended: once(child, "close") };
}

/** Kilobytes at its highest. */
function peakMemory(pid: number | undefined): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

test.each([
  ["read", (name: string) => ["read", "pcap1", name, "--from", "0", "--to", String(GIGABYTE)], GIGABYTE],
  ["tar", () => ["tar"], GIGABYTE],
])("%s of a gigabyte needs no more memory than of a little", async (_kind, args, least) => {
  const name = makeHuge(GIGABYTE);
  const { child, ended } = start(...args(name));
  let bytes = 0;
  let peak = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > 900_000_000 && peak === 0) peak = peakMemory(child.pid);
  }
  await ended;
  expect(bytes).toBeGreaterThanOrEqual(least);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(FLAT);
});

test("a reader that takes nothing holds it up, and costs no memory", async () => {
  const name = makeHuge(GIGABYTE);
  const { child, ended } = start("read", "pcap1", name, "--from", "0", "--to", String(GIGABYTE));
  await once(child.stdout, "readable");
  const processor = (): string =>
    readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ").slice(13, 15).join();
  // It stands still when it has used no processor between two looks.
  let before = "";
  await waitUntil("the sender stands still", async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = processor();
    const still = now === before;
    before = now;
    return still;
  });
  expect(peakMemory(child.pid)).toBeLessThan(FLAT);
  child.kill("SIGKILL");
  await ended;
});

test("the next read of the same gathering ends one that nobody reads any more, and no other", async () => {
  const name = makeHuge(GIGABYTE);
  const [session, other] = [randomUUID(), randomUUID()];
  const read = (of: string) =>
    start("read", "pcap1", name, "--from", "0", "--to", String(GIGABYTE), "--session", of);
  const [lost, others] = [read(session), read(other)];
  await Promise.all([lost, others].map(({ child }) => once(child.stdout, "readable")));
  const next = read(session);
  expect(await lost.ended).toEqual([null, "SIGKILL"]);
  await once(next.child.stdout, "readable");
  expect(others.child.exitCode ?? others.child.signalCode).toBeNull();
  for (const { child, ended } of [next, others]) {
    child.kill("SIGKILL");
    await ended;
  }
});

test.each(["", "x", "../1"])("a session %j is wrong use", async (session) => {
  const { child, ended } = start(
    "read",
    "pcap1",
    "a.1.00001.pcap",
    "--from",
    "0",
    "--to",
    "0",
    `--session=${session}`,
  );
  child.stdout.resume();
  expect(await ended).toEqual([2, null]);
});

test("a reader that goes away ends it with 1 and one sentence", async () => {
  const name = makeHuge(GIGABYTE);
  const { child, ended } = start("read", "pcap1", name, "--from", "0", "--to", String(GIGABYTE));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child.stdout, "readable");
  child.stdout.destroy();
  const [code] = await ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^pcapper: standard output was closed .* \[PCAPPER_EXPORT_UNREAD\]\n$/);
});
