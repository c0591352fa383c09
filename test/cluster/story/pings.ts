import { readdirSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../../helpers/execute.ts";
import { judge } from "../../helpers/judges.ts";

/** Paths of the capture files in a folder, the oldest first. @throws Error where a reader complains about one */
export async function captureFiles(folder: string): Promise<string[]> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".pcap"))
    .sort();
  const paths = names.map((name) => join(folder, name));
  for (const path of paths) await judge(path);
  return paths;
}

const FIELDS = ["ip.src", "ip.dst", "icmp.type", "icmp.seq"];

/** What tshark sees in capture files: `SOURCE > DESTINATION TYPE SEQUENCE` of each packet. */
export async function packetsIn(paths: readonly string[]): Promise<string[]> {
  const packets: string[] = [];
  for (const path of paths) {
    const fields = FIELDS.flatMap((field) => ["-e", field]);
    const lines = await mustExecute(["tshark", "-n", "-r", path, "-T", "fields", ...fields]);
    for (const line of lines.split("\n").filter(Boolean)) {
      const [source, destination, type, sequence] = line.split("\t");
      packets.push(`${source} > ${destination} ${type === "8" ? "request" : "reply"} ${sequence}`);
    }
  }
  return packets;
}

/** The packets of `count` pings and their answers. */
export function pings(from: string, to: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((number) => [
    `${from} > ${to} request ${number}`,
    `${to} > ${from} reply ${number}`,
  ]);
}
