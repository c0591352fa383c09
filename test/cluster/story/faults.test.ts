import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import { drawFrom } from "../../faults/random.ts";
import { describeAsRoot } from "../../helpers/as-root.ts";
import type { PcapRecord } from "../../helpers/pcap-reader.ts";
import { startTcpdump } from "../../helpers/tcpdump.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { capture, deleteCaptures, stop, untilProgress, untilStatus } from "./captures.ts";
import { CLUSTER_FAULTS, type ClusterFaultKind, inject } from "./cluster-faults.ts";
import { PINGS_A_SECOND, startPings } from "./continuous-pings.ts";
import { gather } from "./gathered.ts";
import { install, NAMESPACE, uninstall } from "./installation.ts";
import { deletePod, startPod, type TestPod } from "./pods.ts";
import { networkOf } from "./processes.ts";
import { read } from "./test-cluster.ts";

const NODE_NAMES = ["node-a", "node-b"] as const;
const KINDS = Object.keys(CLUSTER_FAULTS) as [ClusterFaultKind, ...ClusterFaultKind[]];
/** Each kind comes, and each node. Another seed is another round, and is the same on every machine. */
const SEEDS = [0, 1, 2] as const;

/** Nanoseconds: the times of a gap may be rounded to it. */
const MILLISECOND = 1_000_000n;

interface Fault {
  kind: ClusterFaultKind;
  node: (typeof NODE_NAMES)[number];
}

/** Two of them at different places in the list, so that a few rounds have had all. */
function drawFaults(seed: number): Fault[] {
  const draw = drawFrom(seed);
  return [0, 1].map((index) => ({
    kind: KINDS[(2 * seed + index) % KINDS.length] ?? KINDS[0],
    node: draw.oneOf(NODE_NAMES),
  }));
}

/**
 * The campaign's share on real nodes. Who judges: a tcpdump beside each capture, in the same pod's network, that
 * nothing of the cluster can disturb.
 */
describeAsRoot("nothing is lost and nothing untrue on real nodes", () => {
  let pods: TestPod[];

  beforeAll(async () => {
    await install();
    pods = await Promise.all(NODE_NAMES.map((node) => startPod(`faults-${node}`, node)));
  }, 180_000);
  afterAll(async () => {
    await Promise.all(pods.map(({ name }) => deletePod(name)));
    await uninstall();
  }, 180_000);

  test.each(SEEDS.map((seed) => ({ seed, faults: drawFaults(seed) })))(
    "seed $seed: $faults.0.kind of $faults.0.node, then $faults.1.kind of $faults.1.node",
    async ({ seed, faults }) => {
      const folder = makeTemporaryFolder();
      const named = ({ node }: TestPod): string => `faults-${seed}-${node}`;
      try {
        const judges = await Promise.all(pods.map((pod) => watch(pod, folder.path)));
        for (const pod of pods) {
          await capture(named(pod), {
            targetNamespace: "traffic",
            targetPod: pod.name,
            captureFilter: "icmp",
            captureSeconds: 600,
            maxFileSize: "1M",
          });
        }
        for (const pod of pods) await untilProgress(named(pod), "running");
        const pinging = startPings(pods);
        for (const { kind, node } of faults) {
          await pause(1000);
          await inject(kind, node);
        }
        // A resumed capture has to say so, and what it captures then is judged as well.
        for (const pod of pods) await untilResumed(named(pod), resumesOn(pod.node, faults));
        await pause(2000);
        const sent = await pinging.end();
        for (const pod of pods) await stop(named(pod));
        for (const [index, pod] of pods.entries()) {
          const { status = {} } = await untilProgress(named(pod), "finished");
          const passed = (await judges[index]?.finish(2 * sent)) ?? [];
          await expectTrue(named(pod), pod.node, status, passed, resumesOn(pod.node, faults));
        }
        await deleteCaptures(...pods.map(named));
      } finally {
        folder.remove();
      }
    },
    300_000,
  );
});

function resumesOn(node: string, faults: readonly Fault[]): number {
  return faults.filter((fault) => fault.node === node && CLUSTER_FAULTS[fault.kind].replacesAgent).length;
}

async function untilResumed(name: string, times: number): Promise<void> {
  await untilStatus(
    name,
    `running, resumed ${times} times`,
    ({ progress, resumes = 0 }) => progress === "running" && resumes >= times,
    120,
  );
}

function watch(pod: TestPod, folder: string) {
  return startTcpdump(networkOf(pod), {
    interfaceName: "eth0",
    filter: "icmp",
    snapLength: 262_144,
    path: join(folder, `${pod.name}.pcap`),
  });
}

async function expectTrue(
  name: string,
  node: string,
  status: PacketCaptureStatus,
  passed: readonly PcapRecord[],
  resumes: number,
): Promise<void> {
  const { packets: kept, gaps, startTime } = await gather(name, node);
  expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: kept.length, dropped: 0 } });
  expect(status.resumes ?? 0).toBe(resumes);
  expect(gaps).toHaveLength(resumes);
  const told = gaps.reduce((sum, { from, to }) => sum + Number(to - from) / 1e9, 0);
  expect(Math.abs((status.gapSeconds ?? 0) - told)).toBeLessThanOrEqual(resumes);
  const inGap = (at: bigint): boolean => gaps.some(({ from, to }) => at >= from && at <= to);
  const promised = passed.filter(({ timestamp }) => timestamp >= startTime && !inGap(timestamp));
  // No ring turns here: a gap that is told too long would have packets in it.
  const wellInside = (at: bigint): boolean =>
    gaps.some(({ from, to }) => at > from + MILLISECOND && at < to - MILLISECOND);
  expect(kept.filter(({ timestamp }) => wellInside(timestamp))).toEqual([]);
  const found = new Set(kept.map(keyOf));
  expect(found.size).toBe(kept.length);
  expect(promised.length).toBeGreaterThan(2 * PINGS_A_SECOND);
  expect(promised.map(keyOf).filter((key) => !found.has(key))).toEqual([]);
  const all = new Set(passed.map(keyOf));
  expect([...found].filter((key) => !all.has(key))).toEqual([]);
  const resumed = Array.from({ length: resumes }, () => "Resumed");
  expect(await reasonsOf(name)).toEqual(["Running", ...resumed, "Scheduled", "Stopped"].sort());
}

/** One packet as both have it: to the nanosecond, byte for byte. */
function keyOf({ timestamp, data }: PcapRecord): string {
  return `${timestamp} ${data.toString("hex")}`;
}

interface StoredEvent {
  reason: string;
}

async function reasonsOf(name: string): Promise<string[]> {
  const selector = `--field-selector=involvedObject.name=${name}`;
  const { items } = await read<{ items: StoredEvent[] }>("events", "-n", NAMESPACE, selector);
  return items.map(({ reason }) => reason).sort();
}
