import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest } from "../helpers/execute.ts";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import { senderProgram } from "../traffic/compile.ts";
import type { Batch } from "./oracle/observation.ts";
import type { PlannedPhase } from "./scenario.ts";

/** Sends numbered packets out of one interface, and knows when each of them went. */
export interface Sender {
  /** Resolves when the phase is over, also where its packets found no way. */
  send(phase: PlannedPhase): Promise<void>;
  /** Every packet that went out so far. */
  batches(): Batch[];
  stop(): Promise<void>;
}

/** `interfaceName`: the end across from the one that is captured on. */
export async function startSender(namespace: NetworkNamespace, interfaceName: string): Promise<Sender> {
  const command = namespace.inside([await senderProgram("steady"), interfaceName]);
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["pipe", "pipe", "inherit"] });
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  const ended = once(child, "close");
  const batches: Batch[] = [];
  let next = 0;
  /** The phases that are not over, in their order. */
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "done") return waiting.shift()?.();
    const batch = batchOf(line);
    if (batch.count > 0) batches.push(batch);
  });
  // A sender that died would otherwise be waited for for ever.
  const giveUp = (): void => {
    for (const done of waiting.splice(0)) done();
  };
  void ended.then(giveUp);
  child.stdin.on("error", giveUp);

  const send = async ({ milliseconds, rate, length }: PlannedPhase): Promise<void> => {
    const count = Math.floor((rate * milliseconds) / 1000);
    if (count === 0) return pause(milliseconds);
    const sent = new Promise<void>((resolve) => void waiting.push(resolve));
    child.stdin.write(`${next} ${count} ${length} ${rate}\n`);
    next += count;
    await sent;
  };
  return {
    send,
    batches: () => batches,
    stop: async () => {
      child.stdin.end();
      kill();
      await ended;
    },
  };
}

/** `FIRST SENT FAILED FROM TO`, times in ns. */
function batchOf(line: string): Batch {
  const [first = "0", sent = "0", , from = "0", to = "0"] = line.split(" ");
  return { first: Number(first), count: Number(sent), from: milliseconds(from), to: milliseconds(to) };
}

function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1000n) / 1000;
}
