import { globSync, readFileSync } from "node:fs";
import type { DemoFile } from "./files.ts";
import type { Sent } from "./sender.ts";
import { tcpdump } from "./tcpdump.ts";

/** As in examples/demo.yaml. */
const FILTER = "udp port 9999";

interface Manifest {
  statistics: { packets: number; dropped: number };
  removed: { files: number; packets: number };
}

/** Says in one sentence why the files are the truth; exit code 1 when they are not. */
export function prove(sent: Sent, files: DemoFile[], output: string): void {
  const { statistics, removed } = readManifest(output);
  const inFiles = files.reduce((sum, { packets }) => sum + packets, 0);
  const strangers = files.reduce((sum, { path }) => sum + countNotMatching(path), 0);
  const { matching, udpOther, pings } = sent;
  console.log(
    `The neighbour sent ${matching} packets that match the filter and ${udpOther + pings} that do not.\n` +
      `The status says ${statistics.packets} captured, ${statistics.dropped} dropped. ` +
      `In the files: ${inFiles}; in files the ring has removed: ${removed.packets}; not matching: ${strangers}.`,
  );
  const holds =
    statistics.packets + statistics.dropped === sent.matching &&
    inFiles + removed.packets === statistics.packets &&
    strangers === 0;
  console.log(
    holds
      ? `${inFiles} + ${removed.packets} = ${statistics.packets}, and ${statistics.packets} + ${statistics.dropped} = ${matching}: every packet is accounted for.`
      : "THE COUNTS DO NOT AGREE.",
  );
  if (!holds) process.exitCode = 1;
}

function readManifest(output: string): Manifest {
  const [path] = globSync(`${output}/*/*.json`).filter((file) => !file.endsWith(".status.json"));
  if (path === undefined) throw new Error(`no manifest under ${output}`);
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

function countNotMatching(path: string): number {
  return Number.parseInt(tcpdump("--count", "-r", path, `not ${FILTER}`), 10);
}
