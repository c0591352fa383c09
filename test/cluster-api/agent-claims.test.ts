import { existsSync, globSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { judge } from "../helpers/judges.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";
import { createCapture, listCaptures, patchCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentNode, capturedOn, makeAgentNode } from "./agent-node.ts";
import { allEnded, untilProgress } from "./capture-progress.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
const MANY = { MAX_CAPTURES: "100", CAPTURE_BUFFER: "1Mi", CAPTURE_MEMORY: "256Mi" };
const spec = { targetInterface: "near0", maxFileSize: "1M", fileCount: 1 };
/** The longest name there may be: labels of digits with dots between them. */
const longName = (first: string): string => `${first}${".1234567890123456789".repeat(13)}`.slice(0, 253);

describeAsRoot("many captures on several nodes", () => {
  const nodes: AgentNode[] = [];
  beforeAll(async () => {
    for (const name of ["worker-1", "worker-2", "worker-3"]) {
      await makeNode(server().admin, name);
      const node = await makeAgentNode(server(), name);
      nodes.push(node);
      await node.start(MANY);
    }
  });
  afterAll(async () => {
    for (const node of nodes) await node.remove();
  });

  const nodeOf = (index: number): string => `worker-${(index % 3) + 1}`;

  /** Two hundred at once, for one to three seconds each. @returns their names */
  async function createMany(prefix: string): Promise<string[]> {
    const names = Array.from({ length: 200 }, (_, index) => `${prefix}-${index}`);
    await Promise.all(
      names.map((name, index) =>
        createCapture(server().admin, "pcapper", name, {
          ...spec,
          targetNode: nodeOf(index),
          captureSeconds: 1 + (index % 3),
        }),
      ),
    );
    return names;
  }

  /** One owner, one outcome, one set of files a capture. */
  async function expectOneOwnerEach(names: readonly string[]): Promise<void> {
    const captures = await allEnded(server(), names, 90);
    const outcome = captures.map(({ metadata, spec, status }) => [
      metadata.name,
      status?.reason,
      status?.node === spec.targetNode,
    ]);
    expect(outcome.sort()).toEqual(names.map((name) => [name, "TimeElapsed", true]).sort());
    for (const node of nodes) {
      const own = captures.filter(({ status }) => status?.node === node.name);
      const uids = new Set(captures.map(({ metadata }) => metadata.uid));
      const here = capturedOn(node).filter((uid) => uids.has(uid));
      expect(here.sort()).toEqual(own.map(({ metadata }) => metadata.uid).sort());
    }
    await expect
      .poll(() => toldOf(names), { timeout: 60_000, interval: 500 })
      .toEqual(Object.fromEntries(names.map((name) => [name, "Running Scheduled TimeElapsed"])));
  }

  /** Reasons of all Events, by capture. */
  async function toldOf(names: readonly string[]): Promise<Record<string, string>> {
    const events = await listEvents(server().admin, "pcapper");
    return Object.fromEntries(
      names.map((name) => {
        const reasons = events.filter(({ involvedObject }) => involvedObject.name === name);
        return [
          name,
          reasons
            .map(({ reason }) => reason)
            .sort()
            .join(" "),
        ];
      }),
    );
  }

  test("two hundred at once: each has the one owner it names, one outcome, one capture", async () => {
    await expectOneOwnerEach(await createMany("many"));
  }, 240_000);

  test("the same while one agent is frozen for some seconds", async () => {
    const names = await createMany("frozen");
    const ours = new Set(names);
    await waitUntil("the second agent has begun", async () => {
      const all = await listCaptures(server().admin, "pcapper", "status.node=worker-2");
      return all.some(({ metadata }) => ours.has(metadata.name));
    });
    nodes[1]?.agent().kill("SIGSTOP");
    try {
      await pause(5000);
    } finally {
      nodes[1]?.agent().kill("SIGCONT");
    }
    await expectOneOwnerEach(names);
  }, 240_000);
});

describeAsRoot("names as long and odd as Kubernetes allows", () => {
  const nodeName = longName("9");
  let node: AgentNode;
  beforeAll(async () => {
    await makeNode(server().admin, nodeName);
    node = await makeAgentNode(server(), nodeName);
    await node.start();
  });
  afterAll(() => node?.remove());

  const odd = ["0", "1.2.3.00001.pcap", "a.json", "b.part", longName("0")];
  test.each(odd)("a capture named %s", async (name) => {
    expect(nodeName).toHaveLength(253);
    await createCapture(server().admin, "pcapper", name, { ...spec, targetNode: nodeName });
    await untilProgress(server(), name, "running");
    await sendFrames(node.link, { kind: "udp4", first: 0, count: 50, length: 100, rate: 0 });
    await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
    const [ended] = await allEnded(server(), [name], 15);
    expect(ended?.status).toMatchObject({
      node: nodeName,
      reason: "Stopped",
      statistics: { packets: 50, dropped: 0, files: 1 },
    });
    const location = ended?.status?.fileLocation ?? "";
    expect(location.startsWith(`/var/pcapper/${name}/`)).toBe(true);
    expect(Buffer.byteLength(basename(location))).toBeLessThanOrEqual(255);
    const file = join(node.hostmount, name, basename(location));
    expect(existsSync(file)).toBe(true);
    expect((await judge(file)).records).toHaveLength(50);
    expect(globSync(join(node.hostmount, name, "*.part"))).toEqual([]);
    expect(readdirSync(join(node.hostmount, name))).toHaveLength(2);
    await waitUntil("its Events are told", async () => {
      const told = await listEvents(server().admin, "pcapper", name);
      return told.length === 3;
    });
  });
});
