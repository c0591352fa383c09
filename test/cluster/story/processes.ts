import { readdirSync, readFileSync } from "node:fs";
import { mustExecute } from "../../helpers/execute.ts";
import type { NetworkNamespace } from "../../helpers/network-namespace.ts";
import type { TestPod } from "./pods.ts";

/** Processes of containers, found from this machine as its kernel has them. */

/** The way into a pod's network that needs neither API server nor kubelet. */
export function networkOf({ name }: TestPod): Pick<NetworkNamespace, "inside" | "run"> {
  const [pid] = processesWith((environment) => environment.includes(`HOSTNAME=${name}`));
  if (pid === undefined) throw new Error(`no process runs in the pod ${name}`);
  const inside = (command: readonly string[]): string[] => ["nsenter", `-t${pid}`, "-n", "--", ...command];
  return { inside, run: (...command) => mustExecute(inside(command)) };
}

/** The agent of a node. @throws Error where it does not run */
export function agentProcess(node: string): number {
  const found = processesWith(
    (environment, command) =>
      environment.includes(`NODE_NAME=${node}`) && command.some((word) => word.endsWith("pcapper.mjs")),
  );
  const [pid] = found;
  if (pid === undefined) throw new Error(`no agent runs on ${node}`);
  return pid;
}

function processesWith(is: (environment: string[], command: string[]) => boolean): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && is(wordsOf(pid, "environ"), wordsOf(pid, "cmdline")));
}

function wordsOf(pid: number, file: "environ" | "cmdline"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
