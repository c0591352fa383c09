import { spawn } from "node:child_process";
import { once } from "node:events";
import { dyingWithTest } from "../../helpers/execute.ts";
import type { TestPod } from "./pods.ts";
import { networkOf } from "./processes.ts";

export const PINGS_A_SECOND = 20;

/** From the first pod to the second, until they are ended. */
export function startPings([from, to]: readonly TestPod[]) {
  if (from === undefined || to === undefined) throw new Error("two pods are needed");
  const command = ["ping", "-n", "-i", String(1 / PINGS_A_SECOND), to.address];
  const child = spawn("setpriv", dyingWithTest(networkOf(from).inside(command)), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told = (told + text).slice(-1000);
  });
  return {
    /** @returns how many were sent; each was answered */
    end: async (): Promise<number> => {
      child.kill("SIGINT");
      await once(child, "close");
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(told) ?? [];
      if (sent === undefined || sent !== received) throw new Error(`pings were lost: ${told}`);
      return Number(sent);
    },
  };
}
