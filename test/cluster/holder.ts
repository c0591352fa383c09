import { readFileSync } from "node:fs";
import { mustExecute } from "../helpers/execute.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { daemonPid, startDaemon } from "./daemon.ts";
import type { ClusterPlace } from "./place.ts";

/** Namespaces belong to a process that sleeps, not to a name: they are gone when it is, and so are their mounts. */

const THEN_HOLD = "exec sleep infinity";

/** Holds a network namespace. @returns the holder's process */
export function holdNetwork(place: ClusterPlace, name: string): Promise<number> {
  return hold(place, name, ["--net"], "", []);
}

/** Holds a network and a mount namespace. `prepare` is a script for sh, run inside first, with `args`. */
export function holdNetworkAndMounts(
  place: ClusterPlace,
  name: string,
  prepare: string,
  args: readonly string[],
): Promise<number> {
  // What this machine mounts appears inside; nothing that is mounted inside appears on this machine.
  return hold(place, name, ["--net", "--mount", "--propagation", "slave"], prepare, args);
}

async function hold(
  place: ClusterPlace,
  name: string,
  namespaces: readonly string[],
  prepare: string,
  args: readonly string[],
): Promise<number> {
  const script = `set -eu\n${prepare}\n${THEN_HOLD}`;
  const holder = startDaemon(place, holderOf(name), [
    "unshare",
    ...namespaces,
    "sh",
    "-c",
    script,
    "sh",
    ...args,
  ]);
  await waitUntil(`the namespaces of ${name} are made`, () => {
    holder.mustBeAlive();
    return readFileSync(`/proc/${holder.pid}/comm`, "utf8").trim() === "sleep";
  });
  return holder.pid;
}

/** `command` as it must be called to run in a holder's network. */
export function inNetwork(holder: number, command: readonly string[]): string[] {
  return ["nsenter", `--target=${holder}`, "--net", "--", ...command];
}

/** `command` as it must be called to run in a holder's network, with its mounts. */
export function inNode(holder: number, command: readonly string[]): string[] {
  return ["nsenter", `--target=${holder}`, "--net", "--mount", "--", ...command];
}

/** @throws Error where the cluster is not up */
export function holderPid(place: ClusterPlace, name: string): number {
  const pid = daemonPid(place, holderOf(name));
  if (pid === undefined)
    throw new Error(`${name} of cluster ${place.id} is not there: npm run cluster -- up`);
  return pid;
}

function holderOf(name: string): string {
  return `namespaces-${name}`;
}

/** Runs commands in a holder's network, one after the other. */
export async function runInNetwork(holder: number, commands: readonly string[]): Promise<void> {
  for (const command of commands) await mustExecute(inNetwork(holder, command.split(" ")));
}
