import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { succeeds } from "./command.ts";
import type { Sandbox } from "./sandbox.ts";
import { programPath } from "./toolbox.ts";
import { atExit } from "./undo.ts";

export type SendMethod = "live" | "packet";

export interface Traffic {
  /** Bytes of each frame. */
  frameBytes: number;
  /** Frames a second. */
  rate: number;
  packets: number;
}

export interface Sent {
  packets: number;
  seconds: number;
}

/** Of each 50 frames one goes to this UDP port (native/frame.h). */
export const rarePort = 9053;
const rareEvery = 50;

/** How many of the frames sent a filter on the rare port lets through. */
export const rareAmong = (packets: number): number => Math.ceil(packets / rareEvery);

const senderCpu = "0";

function commandLine(sandbox: Sandbox, method: SendMethod, traffic: Traffic): string[] {
  const live = method === "live";
  const namespace = live ? sandbox.namespace : sandbox.farNamespace;
  const interfaceName = live ? sandbox.interfaceName : sandbox.farInterfaceName;
  const program = programPath(live ? "send-live" : "send-packet");
  const numbers = [traffic.frameBytes, traffic.rate, traffic.packets].map(String);
  return ["netns", "exec", namespace, "taskset", "-c", senderCpu, program, interfaceName, ...numbers];
}

/** Live frames where the kernel allows them: they need no sending side and are four times faster. */
export async function findSendMethod(sandbox: Sandbox): Promise<SendMethod> {
  const none = { frameBytes: 64, rate: 1, packets: 0 };
  return (await succeeds("ip", ...commandLine(sandbox, "live", none))) ? "live" : "packet";
}

export interface RunningSender {
  /** @throws Error where it could not send everything */
  done: Promise<Sent>;
  stop(): void;
}

async function outcome(child: ChildProcess): Promise<Sent> {
  const written =
    child.stdout && child.stderr ? Promise.all([text(child.stdout), text(child.stderr)]) : undefined;
  const [code] = await once(child, "close");
  const [stdout, stderr] = (await written) ?? ["", ""];
  if (code !== 0) throw new Error(`the sender failed: ${stderr.trim() || `exit ${code}`}`);
  const { sent, seconds } = JSON.parse(stdout) as { sent: number; seconds: number };
  return { packets: sent, seconds };
}

export function startSender(sandbox: Sandbox, method: SendMethod, traffic: Traffic): RunningSender {
  const child = spawn("ip", commandLine(sandbox, method, traffic), { stdio: ["ignore", "pipe", "pipe"] });
  const stop = atExit(() => child.kill("SIGKILL"));
  return { done: outcome(child).finally(stop), stop };
}

/**
 * Sends while `work` goes on, and waits for the sender's end even where `work` failed: only one at a time can send
 * live frames to an interface.
 */
export async function whileSending<T>(sender: RunningSender, work: () => Promise<T>): Promise<T> {
  const ended = sender.done.catch((error: unknown) => error);
  try {
    const result = await work();
    await sender.done;
    return result;
  } finally {
    sender.stop();
    await ended;
  }
}
