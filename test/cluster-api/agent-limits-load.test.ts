import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { recordsRoom } from "../../src/agent/limits.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { makeNode } from "../kubernetes/objects.ts";
import { capturesPath, createCapture, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentNode, makeAgentNode } from "./agent-node.ts";
import { allEnded } from "./capture-progress.ts";
import { bytesBelow, capturesOnDisk, mostAtOnce } from "./captures-on-disk.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
const CAPTURES = 200;
const MAX_FILE = 1_000_000;
const WORST_CASE = MAX_FILE + recordsRoom(1);
const TOTAL = 10.5 * WORST_CASE;

/** One limit for each node that decides, the others out of the way. */
const NODES = [
  { name: "few", reason: "TooManyCaptures", most: 10, env: { MAX_CAPTURES: "10" } },
  { name: "small", reason: "NotEnoughMemory", most: 10, env: { CAPTURE_MEMORY: "10Mi" } },
  {
    name: "full",
    reason: "TotalFileSizeExceeded",
    most: 10,
    env: { MAX_TOTAL_FILESIZE: String(Math.floor(TOTAL)) },
  },
] as const;
const WIDE = { CAPTURE_BUFFER: "1Mi", CAPTURE_MEMORY: "1Gi", MAX_CAPTURES: "1000", MAX_TOTAL_FILESIZE: "1T" };

describeAsRoot("the limits of three nodes while two hundred captures come at once", () => {
  const nodes: AgentNode[] = [];
  beforeAll(async () => {
    for (const { name, env } of NODES) {
      await makeNode(server().admin, name);
      const node = await makeAgentNode(server(), name);
      nodes.push(node);
      await node.start({ ...WIDE, ...env });
    }
  });
  afterEach(async () => {
    await server().admin.delete(capturesPath("pcapper"));
    await waitUntil(
      "all files are gone",
      () => nodes.every(({ hostmount }) => !capturesOnDisk(hostmount).length),
      60,
    );
  });
  afterAll(async () => {
    for (const node of nodes) await node.remove();
  });

  async function createAll(prefix: string): Promise<string[]> {
    const names = Array.from({ length: CAPTURES }, (_, index) => `${prefix}-${index}`);
    await Promise.all(
      names.map((name, index) =>
        createCapture(server().admin, "pcapper", name, {
          targetNode: NODES[index % NODES.length]?.name,
          targetInterface: "near0",
          maxFileSize: MAX_FILE,
          fileCount: 1,
          captureSeconds: 1 + (index % 3),
        }),
      ),
    );
    return names;
  }

  /** Packet sockets the kernel has in the node's network: one for each ring. */
  function ringsOpen({ agent }: AgentNode): number {
    return readFileSync(`/proc/${agent().pid}/net/packet`, "utf8").trim().split("\n").length - 1;
  }

  /** Looks all the time. @returns a function that ends it and says the most that was seen of each node */
  function look(): () => Promise<{ rings: number; bytes: number }[]> {
    const most = nodes.map(() => ({ rings: 0, bytes: 0 }));
    let looking = true;
    const looks = (async () => {
      while (looking) {
        for (const [index, node] of nodes.entries()) {
          const seen = most[index];
          if (seen === undefined) continue;
          seen.rings = Math.max(seen.rings, ringsOpen(node));
          seen.bytes = Math.max(seen.bytes, bytesBelow(node.hostmount));
        }
        await pause(20);
      }
    })();
    return async () => {
      looking = false;
      await looks;
      return most;
    };
  }

  async function expectWithinLimits(names: readonly string[], stopLooking: ReturnType<typeof look>) {
    const captures = await allEnded(server(), names, 90);
    const seen = await stopLooking();
    for (const [index, node] of nodes.entries()) {
      const { name, reason, most } = NODES[index] ?? NODES[0];
      const own = captures.filter(({ spec }) => spec.targetNode === name);
      expect(new Set(own.map(({ status }) => status?.node))).toEqual(new Set([name]));
      const reasons = new Set(own.map(({ status }) => status?.reason));
      expect(reasons).toEqual(new Set(["TimeElapsed", reason]));
      expectFilesOfThoseThatRan(node, own);
      const uids = new Set(own.map(({ metadata }) => metadata.uid));
      const ran = capturesOnDisk(node.hostmount).filter(({ capture }) => uids.has(capture.uid));
      const atOnce = mostAtOnce(ran);
      expect(atOnce, `${name} by its manifests`).toBeLessThanOrEqual(most);
      expect(seen[index]?.rings, `${name} by the kernel`).toBeLessThanOrEqual(most);
      // That some are refused above says that all places were taken; how many run at once depends on the machine's load.
      expect(atOnce, `${name} uses more than one place`).toBeGreaterThan(1);
    }
    expect(seen[2]?.bytes).toBeLessThanOrEqual(TOTAL);
  }

  function expectFilesOfThoseThatRan({ hostmount }: AgentNode, captures: readonly StoredCapture[]): void {
    for (const { metadata, status } of captures) {
      const ran = status?.reason === "TimeElapsed";
      const manifests = capturesOnDisk(hostmount, metadata.name);
      expect(manifests.map(({ capture }) => capture.uid)).toEqual(ran ? [metadata.uid] : []);
      expect(existsSync(join(hostmount, metadata.name))).toBe(ran);
      expect(status?.fileLocation === undefined).toBe(!ran);
    }
  }

  const trafficOnAll = () =>
    Promise.all(
      nodes.map(({ link }) =>
        sendFrames(link, { kind: "udp4", first: 0, count: 500, length: 100, rate: 1000 }),
      ),
    );

  test("each has one outcome, and no limit is passed at any moment", async () => {
    const stopLooking = look();
    const names = await createAll("load");
    await trafficOnAll();
    await expectWithinLimits(names, stopLooking);
  }, 180_000);

  describe.each(NODES)("with the agent of node $name frozen meanwhile", ({ name }) => {
    test("the same", async () => {
      const agent = nodes.find((node) => node.name === name)?.agent();
      const stopLooking = look();
      const creating = createAll(`frozen-${name}`);
      await pause(300);
      agent?.kill("SIGSTOP");
      const names = await creating;
      await trafficOnAll();
      agent?.kill("SIGCONT");
      await expectWithinLimits(names, stopLooking);
    }, 180_000);
  });
});
