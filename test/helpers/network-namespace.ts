import { spawn } from "node:child_process";
import { atLatestAtExit } from "./end-with-test.ts";
import { dyingWithTest, mustExecute } from "./execute.ts";

/**
 * A network namespace with a /sys of its own, as `ip netns exec` gives it. A process holds it, not a
 * name, and dies with the test process: nothing is left behind, not even after SIGKILL.
 */
export interface NetworkNamespace {
  pid: number;
  /** `command` as it must be called to run inside. */
  inside(command: readonly string[]): string[];
  /** Runs a command inside. @throws Error where it fails */
  run(...command: string[]): Promise<string>;
  remove(): void;
}

const HOLD = "mount -t sysfs sysfs /sys && echo ready && exec sleep infinity";

/** IPv6 is off inside, so that no packet appears that a test did not send; `lo` is up. */
export async function makeNetworkNamespace(): Promise<NetworkNamespace> {
  const holder = spawn("setpriv", dyingWithTest(["unshare", "--net", "--mount", "sh", "-c", HOLD]), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { pid } = holder;
  if (pid === undefined) throw new Error("cannot start the holder of a network namespace");
  const remove = atLatestAtExit(() => holder.kill("SIGKILL"));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", (code) => reject(new Error(`no network namespace: the holder ended with ${code}`)));
  });
  const inside = (command: readonly string[]): string[] => [
    "nsenter",
    `-t${pid}`,
    "-n",
    "-m",
    "--",
    ...command,
  ];
  const run = (...command: string[]): Promise<string> => mustExecute(inside(command));
  await run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
  await run("ip", "link", "set", "lo", "up");
  return { pid, inside, run, remove };
}
