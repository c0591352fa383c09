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

const HOLD = "echo ready && exec sleep infinity";
const HOLD_WITH_SYS = `mount -t sysfs sysfs /sys && ${HOLD}`;

/** IPv6 is off inside, so that no packet appears that a test did not send; `lo` is up. */
export function makeNetworkNamespace(): Promise<NetworkNamespace> {
  return makeHeld(dyingWithTest(["unshare", "--net", "--mount", "sh", "-c", HOLD_WITH_SYS]), ["-n", "-m"]);
}

/** As a pod with hostUsers: false has it: the namespace belongs to a user namespace of its own. */
export function makeUserNamespacedNetwork(): Promise<NetworkNamespace> {
  const held = dyingWithTest(["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", HOLD]);
  return makeHeld(held, ["-U", "-n", "-m", "--preserve-credentials"]);
}

async function makeHeld(command: string[], enter: readonly string[]): Promise<NetworkNamespace> {
  const holder = spawn("setpriv", command, { stdio: ["ignore", "pipe", "inherit"] });
  const { pid } = holder;
  if (pid === undefined) throw new Error("cannot start the holder of a network namespace");
  const remove = atLatestAtExit(() => holder.kill("SIGKILL"));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", (code) => reject(new Error(`no network namespace: the holder ended with ${code}`)));
  });
  const inside = (inner: readonly string[]): string[] => ["nsenter", `-t${pid}`, ...enter, "--", ...inner];
  const run = (...inner: string[]): Promise<string> => mustExecute(inside(inner));
  await run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
  await run("ip", "link", "set", "lo", "up");
  return { pid, inside, run, remove };
}
