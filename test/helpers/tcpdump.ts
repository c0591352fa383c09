import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { atLatestAtExit } from "./end-with-test.ts";
import { dyingWithTest } from "./execute.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { openPcap, type PcapRecord, readPcap } from "./pcap-reader.ts";
import { waitUntil } from "./wait-until.ts";

export interface TcpdumpOptions {
  interfaceName: string;
  filter: string;
  snapLength: number;
  path: string;
  /** DLT name for `-y`. */
  linkType?: string;
}

/** A tcpdump that writes what it sees, to compare with. */
export interface Tcpdump {
  /** Ends it once it has written `count` packets. @throws Error where it lost any or wrote more */
  finish(count: number): Promise<PcapRecord[]>;
  kill(): void;
}

/**
 * Listening when the promise resolves. It may wake for each packet (immediate mode): it is there for the
 * truth and has all the ring it may need.
 */
export async function startTcpdump(
  namespace: Pick<NetworkNamespace, "inside">,
  options: TcpdumpOptions,
): Promise<Tcpdump> {
  const { interfaceName, filter, snapLength, path, linkType } = options;
  const how = ["-U", "--immediate-mode", "-B", "65536", "--time-stamp-precision=nano", "-Z", "root", "-n"];
  const what = ["-i", interfaceName, "-s", String(snapLength), ...(linkType ? ["-y", linkType] : [])];
  const command = ["tcpdump", ...how, ...what, "-w", path, ...(filter ? [filter] : [])];
  const child = spawn("setpriv", dyingWithTest(namespace.inside(command)), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const closed = once(child, "close");
  await waitUntil(`tcpdump listens on ${interfaceName}`, () => {
    if (child.exitCode !== null) throw new Error(`tcpdump ended: ${told}`);
    return told.includes("listening on");
  });
  const finish = async (count: number): Promise<PcapRecord[]> => {
    await waitUntil(`tcpdump wrote ${count} packets to ${path}: ${told}`, () => countWhole(path) >= count);
    child.kill("SIGINT");
    await closed;
    kill();
    if (!told.includes("\n0 packets dropped by kernel")) throw new Error(`tcpdump lost packets: ${told}`);
    const { records } = readPcap(path);
    if (records.length !== count) throw new Error(`tcpdump wrote ${records.length} packets, not ${count}`);
    return records;
  };
  return { finish, kill };
}

/** Packets that are whole in a file that grows. */
function countWhole(path: string): number {
  let count = 0;
  if (statSync(path, { throwIfNoEntry: false })?.size === undefined) return count;
  try {
    for (const _ of openPcap(path).records) count += 1;
  } catch {
    // The last packet is still being written.
  }
  return count;
}
