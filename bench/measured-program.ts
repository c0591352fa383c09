/** Runs a capturing program in the sandbox under native/measure.c, and waits until it really captures. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox } from "./sandbox.ts";
import { programPath } from "./toolbox.ts";
import { atExit } from "./undo.ts";

export interface Cost {
  /** User and system CPU seconds of all threads and children. */
  cpuSeconds: number;
  peakRssKib: number;
  peakAnonymousKib: number;
  /** How often another process took the CPU away: thousands mean that the machine was not quiet. */
  preempted: number;
  /** CLOCK_MONOTONIC, nanoseconds, just before the process was made. */
  startedAtNs: bigint;
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface MeasuredProgram {
  /** Resolves when its packet socket is open and bound. @throws Error with its words where it ended instead */
  ready(): Promise<void>;
  /** SIGINT, and SIGKILL where that does not help within half a minute. */
  stop(): Promise<Cost>;
}

export interface ProgramCall {
  command: string[];
  environment: Record<string, string>;
  /** Existing folder for the program's files and the report. */
  folder: string;
}

const writerCpu = "1";
const readySeconds = 15;
const stopMilliseconds = 30_000;

/** Inodes of the packet sockets that are bound to an interface, from /proc/PID/net/packet. */
export function boundSockets(table: string, interfaceIndex: number): string[] {
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[4] === String(interfaceIndex) && row[5] === "1").map((row) => row[8] ?? "");
}

async function waitUntilReady(child: ChildProcess, interfaceIndex: number): Promise<void> {
  const deadline = performance.now() + readySeconds * 1000;
  let before: string[] = [];
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error("ended before it captured");
    const now = boundSockets(await readFile(`/proc/${child.pid}/net/packet`, "utf8"), interfaceIndex);
    // The same socket twice: some programs open one and close it again to look at the interface.
    if (now.some((socket) => before.includes(socket))) return;
    before = now;
    await sleep(300);
  }
  throw new Error(`did not open its packet socket within ${readySeconds} s`);
}

async function readReport(path: string): Promise<Omit<Cost, "stdout" | "stderr">> {
  const report = JSON.parse(await readFile(path, "utf8"));
  const { userSeconds, systemSeconds, startedAtNs, ...rest } = report;
  const cpuSeconds = userSeconds + systemSeconds;
  return { ...rest, cpuSeconds, startedAtNs: BigInt(startedAtNs) };
}

export function startMeasured(sandbox: Sandbox, call: ProgramCall): MeasuredProgram {
  const report = join(call.folder, "cost.json");
  const measure = [programPath("measure"), report, writerCpu, ...call.command];
  const child = spawn("ip", ["netns", "exec", sandbox.namespace, ...measure], {
    cwd: call.folder,
    env: { ...process.env, ...call.environment },
    // A session of its own: Ctrl-C on the terminal is the bench's to handle.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = atExit(() => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  const closed = once(child, "close");
  const written = Promise.all([text(child.stdout), text(child.stderr)]);

  async function stop(): Promise<Cost> {
    child.kill("SIGINT");
    const giveUp = setTimeout(() => child.kill("SIGTERM"), stopMilliseconds);
    await closed;
    clearTimeout(giveUp);
    kill();
    const [stdout, stderr] = await written;
    return { ...(await readReport(report)), stdout, stderr };
  }

  async function ready(): Promise<void> {
    try {
      await waitUntilReady(child, sandbox.interfaceIndex);
    } catch (error) {
      const { stderr } = await stop();
      const words = stderr.trim().split("\n").at(-1) ?? "";
      throw new Error(`${call.command[0]} ${error instanceof Error ? error.message : error}: ${words}`);
    }
  }
  return { ready, stop };
}
