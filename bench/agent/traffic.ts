import { spawn } from "node:child_process";
import { once } from "node:events";
import { atLatestAtExit } from "../../test/helpers/end-with-test.ts";
import { dyingWithTest } from "../../test/helpers/execute.ts";
import type { NetworkNamespace } from "../../test/helpers/network-namespace.ts";
import { senderProgram } from "../../test/traffic/compile.ts";

/** Longer than any bench. */
const SECONDS = 36_000;
const LENGTH = 100;

/** Sends packets out of `far0`. @returns a function that ends it */
export async function startTraffic(far: NetworkNamespace, rate: number): Promise<() => Promise<void>> {
  const numbers = [0, rate * SECONDS, LENGTH, rate].map(String);
  const command = far.inside([await senderProgram("frames"), "far0", "udp4", ...numbers]);
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "exit");
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  return async () => {
    kill();
    await ended;
  };
}
