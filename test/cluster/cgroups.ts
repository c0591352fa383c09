import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";

/**
 * A cluster's processes are found by their cgroup, never by a number noted down: containers and what they
 * started are in it as well, and a number may mean somebody else by now.
 */

const UNIFIED = "/sys/fs/cgroup";

/** Where hierarchies of these kinds are mounted. */
function mounted(...kinds: string[]): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const fields = mounts.map((line) => line.split(" "));
  return fields.filter(([, , kind = ""]) => kinds.includes(kind)).map(([, path = ""]) => path);
}

/** What a kubelet uses: one hierarchy for each controller in version 1, one for all in version 2. */
function hierarchies(): string[] {
  const old = mounted("cgroup");
  return old.length > 0 ? old : [UNIFIED];
}

/** The hierarchy that says which processes there are. */
function tracking(): string {
  return hierarchies().find((path) => path.endsWith("/pids")) ?? UNIFIED;
}

/** Makes a cgroup in every hierarchy, ready to have others below it. */
export function makeCgroup(path: string): void {
  for (const hierarchy of hierarchies()) {
    let folder = hierarchy;
    prepare(folder);
    for (const part of path.split("/")) {
      folder = join(folder, part);
      mkdirSync(folder, { recursive: true });
      prepare(folder);
    }
  }
}

function prepare(folder: string): void {
  if (existsSync(join(folder, "cgroup.subtree_control"))) shareControllers(folder);
  // Version 1 lets nothing into a cpuset that does not say on which processors.
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, "utf8").trim() !== "") continue;
    writeFileSync(file, readFileSync(join(dirname(folder), name)));
  }
}

function shareControllers(folder: string): void {
  for (const controller of readFileSync(join(folder, "cgroup.controllers"), "utf8").trim().split(" ")) {
    try {
      writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // What this machine does not share (cpu with real-time tasks), the kubelet goes without.
    }
  }
}

/** Makes the cgroup of a process to be. @returns the file that takes its number */
export function makeProcessCgroup(path: string): string {
  const folder = join(tracking(), path);
  mkdirSync(folder, { recursive: true });
  return join(folder, "cgroup.procs");
}

/** Processes in a cgroup and all below it; none where there is no such cgroup. */
export function processesOf(path: string): number[] {
  return foldersBelow(join(tracking(), path)).flatMap((folder) =>
    readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
  );
}

/** A folder and all below it, the deepest first. */
function foldersBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap(({ name }) => foldersBelow(join(folder, name))), folder];
}

/** SIGKILL to all that is in a cgroup, until nothing is. */
export async function killProcesses(path: string): Promise<void> {
  await waitUntil(
    `all processes of ${path} have ended`,
    () => {
      const left = processesOf(path);
      for (const pid of left) kill(pid, "SIGKILL");
      return left.length === 0;
    },
    30,
  );
}

/** Signals a process that may be gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Removes a cgroup without processes from every hierarchy, also from one of version 2 beside those of version 1. */
export async function removeCgroup(path: string): Promise<void> {
  const folders = mounted("cgroup", "cgroup2").flatMap((hierarchy) => foldersBelow(join(hierarchy, path)));
  for (const folder of folders) await waitUntil(`${folder} is removed`, () => removed(folder));
}

/** False while the kernel still has a dying process in it. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    throw error;
  }
}
