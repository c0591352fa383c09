import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "../../src/agent/progress.ts";
import { nanoseconds, readManifest } from "../../test/helpers/manifest.ts";
import { readPcap } from "../../test/helpers/pcap-reader.ts";
import { waitUntil } from "../../test/helpers/wait-until.ts";
import { createCapture, deleteCapture, patchCapture } from "../../test/kubernetes/packet-captures.ts";
import type { LatencySample } from "./results.ts";
import type { BenchAgent, Site } from "./site.ts";

/** So that the time between two of them is small beside what is measured. */
const PACKETS_PER_SECOND = 2000;
const FILE_HEADER = 24;
/** Milliseconds: captures are not in step with anything of the agent's. */
const LONGEST_REST = 400;

/** One capture after the other on one of two nodes, while packets come in all the time. */
export async function measureLatency(
  site: Site,
  count: number,
  say: (line: string) => void,
): Promise<LatencySample[]> {
  const owner = await site.addAgent();
  await site.addAgent();
  await site.startTraffic(PACKETS_PER_SECOND);
  const samples: LatencySample[] = [];
  // The first one pays for what the agent loads late.
  await measureOne(site, owner, "latency-first");
  for (let i = 0; i < count; i += 1) {
    samples.push(await measureOne(site, owner, `latency-${i}`));
    await pause(Math.random() * LONGEST_REST);
    if ((i + 1) % 20 === 0) say(`latency: ${i + 1} of ${count}`);
  }
  return samples;
}

async function measureOne(
  { server, captures }: Site,
  owner: BenchAgent,
  name: string,
): Promise<LatencySample> {
  const { admin } = server;
  const spec = { targetNode: owner.node, targetInterface: "near0", maxFileSize: "10M", fileCount: 2 };
  const applied = Date.now();
  const begun = performance.now();
  await createCapture(admin, "pcapper", name, spec);
  const running = await captures.until(name, ({ status }) => status?.progress === "running");
  const folder = join(owner.hostmount, name);
  const [file = ""] = globSync(join(folder, "*.00001.pcap.part"));
  await waitUntil("packets are in the file", () => statSync(file).size > FILE_HEADER);
  const readable = Date.now();
  const stopSent = performance.now();
  await patchCapture(admin, "pcapper", name, { spec: { stop: true } });
  const ended = await captures.until(name, ({ status }) => isFinal(status?.progress));
  if (ended.capture.status?.reason !== "Stopped") throw new Error(JSON.stringify(ended.capture.status));
  const [manifest = ""] = globSync(join(folder, "*.json"));
  const [first] = readPcap(file.replace(/\.part$/, "")).records;
  if (first === undefined) throw new Error(`${name} has no packet`);
  const sample = {
    ringOpen: millisecondsSince(applied, nanoseconds(readManifest(manifest).startTime)),
    running: running.at - begun,
    firstPacket: millisecondsSince(applied, first.timestamp),
    readable: readable - applied,
    stopped: ended.at - stopSent,
  };
  await deleteCapture(admin, "pcapper", name);
  return sample;
}

function millisecondsSince(applied: number, time: bigint): number {
  return Number(time / 1000n) / 1000 - applied;
}
