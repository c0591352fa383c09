import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";
import { kill, killProcesses, makeProcessCgroup, processesOf } from "./cgroups.ts";
import type { ClusterPlace } from "./place.ts";

/** A part of a cluster that goes on when the command that started it has ended. */
export interface Daemon {
  pid: number;
  alive(): boolean;
  /** @throws Error with its last words where it has ended */
  mustBeAlive(): void;
}

const JOIN_CGROUP = 'echo $$ >"$1" && shift && exec "$@"';
const LAST_LINES = 15;

/** Starts a daemon; its output is added to `NAME.log`. */
export function startDaemon(place: ClusterPlace, name: string, command: readonly string[]): Daemon {
  const path = cgroupOf(place, name);
  const logPath = join(place.logs, `${name}.log`);
  const log = openSync(logPath, "a");
  const child = spawn("sh", ["-c", JOIN_CGROUP, "sh", makeProcessCgroup(path), ...command], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${name}`);
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const mustBeAlive = (): void => {
    if (alive()) return;
    throw new Error(
      `${name} ended: ${readFileSync(logPath, "utf8").split("\n").slice(-LAST_LINES).join("\n")}`,
    );
  };
  return { pid, alive, mustBeAlive };
}

/** Number of a daemon that any command has started; undefined where it does not run. */
export function daemonPid(place: ClusterPlace, name: string): number | undefined {
  return processesOf(cgroupOf(place, name))[0];
}

/** SIGTERM, and SIGKILL where that takes too long. */
export async function stopDaemon(place: ClusterPlace, name: string): Promise<void> {
  const path = cgroupOf(place, name);
  for (const pid of processesOf(path)) kill(pid, "SIGTERM");
  await waitUntil(`${name} has ended`, () => processesOf(path).length === 0).catch(() => killProcesses(path));
}

function cgroupOf({ cgroup }: ClusterPlace, name: string): string {
  return `${cgroup}/daemons/${name}`;
}
