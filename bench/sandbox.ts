/** A veth pair in two network namespaces of its own: captures happen at `near`, in a world without other packets. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { output } from "./command.ts";
import { atExit } from "./undo.ts";

export interface Sandbox {
  namespace: string;
  interfaceName: string;
  interfaceIndex: number;
  farNamespace: string;
  farInterfaceName: string;
}

const prefix = "pcapper-bench-";

/** A bench that was killed could not clean up after itself. */
async function removeLeftOvers(): Promise<void> {
  if (!existsSync("/run/netns")) return;
  for (const name of readdirSync("/run/netns")) {
    const owner = name.startsWith(prefix) ? name.slice(prefix.length).split("-")[0] : undefined;
    if (owner && !existsSync(`/proc/${owner}`)) await output("ip", "netns", "delete", name);
  }
}

async function makeNamespace(role: string): Promise<string> {
  const name = `${prefix}${process.pid}-${role}`;
  await output("ip", "netns", "add", name);
  atExit(() => execFileSync("ip", ["netns", "delete", name]));
  for (const scope of ["all", "default"])
    await output("ip", "netns", "exec", name, "sysctl", "-qw", `net.ipv6.conf.${scope}.disable_ipv6=1`);
  return name;
}

export async function makeSandbox(): Promise<Sandbox> {
  await removeLeftOvers();
  const [namespace, farNamespace] = [await makeNamespace("near"), await makeNamespace("far")];
  const [interfaceName, farInterfaceName] = ["near", "far"];
  const peer = ["peer", "name", farInterfaceName, "netns", farNamespace];
  await output("ip", "-n", namespace, "link", "add", interfaceName, "type", "veth", ...peer);
  await output("ip", "-n", farNamespace, "link", "set", farInterfaceName, "up");
  await output("ip", "-n", namespace, "link", "set", interfaceName, "up");
  const link = await output("ip", "-n", namespace, "-oneline", "link", "show", interfaceName);
  const interfaceIndex = Number.parseInt(link, 10);
  return { namespace, interfaceName, interfaceIndex, farNamespace, farInterfaceName };
}
