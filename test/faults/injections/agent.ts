import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Inject } from "./inject.ts";

export function agentTakenAway(signal: "SIGKILL" | "SIGTERM"): Inject {
  return ({ site }) => site.agent.takeAway(signal);
}

export const agentFrozen: Inject = async ({ site }) => {
  site.agent.signal("SIGSTOP");
  return () => site.agent.signal("SIGCONT");
};

/** Room for two more than there are: rotation and connections need them. */
export const fewDescriptors: Inject = async ({ site }) => {
  const pid = site.agent.pid();
  if (pid === undefined) return () => undefined;
  const limit = (most: number) => {
    try {
      execFileSync("prlimit", ["--pid", String(pid), `--nofile=${most}:`], { stdio: "ignore" });
    } catch {
      // It has died meanwhile.
    }
  };
  try {
    limit(readdirSync(`/proc/${pid}/fd`).length + 2);
  } catch {
    // The same.
  }
  return () => limit(4096);
};
