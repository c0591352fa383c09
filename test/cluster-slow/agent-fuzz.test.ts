import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFinal } from "../../src/agent/progress.ts";
import { REASONS } from "../../src/errors.ts";
import { apiServerForFile } from "../cluster-api/cluster.ts";
import { makeOneNode, type OneNode } from "../cluster-api/one-node.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { applyLenientCrd } from "../kubernetes/lenient-crd.ts";
import { listEvents, makeNamespace, makePod, setPodStatus } from "../kubernetes/objects.ts";
import {
  capturesPath,
  listCaptures,
  patchCapture,
  type StoredCapture,
} from "../kubernetes/packet-captures.ts";
import { type FuzzedCapture, fuzzedCapture } from "./fuzzed-captures.ts";

const server = apiServerForFile();
const COUNT = 1000;
const AT_A_TIME = 20;
const SEED = 20_261_124;
/** Megabytes: a bundle at rest, and room for garbage. A stall or a leak of all that comes is far beyond it. */
const MOST_MEMORY = 200;
const PODS = ["none", "pending", "ended", "without-network"];

describeAsRoot("captures of odd values", () => {
  let node: OneNode;
  beforeAll(async () => {
    const { admin } = server();
    node = await makeOneNode(server());
    await makeNamespace(admin, "shop");
    for (const name of PODS.slice(1)) await makePod(admin, { namespace: "shop", name, node: "worker-01" });
    await setPodStatus(admin, "shop", "ended", { phase: "Succeeded" });
    await setPodStatus(admin, "shop", "without-network", { phase: "Running", podIP: "10.1.1.1" });
    await node.start({ TARGET_WAIT: "2s", CAPTURE_BUFFER: "1Mi", MAX_CAPTURES: "20" });
  }, 120_000);
  afterAll(() => node?.close());

  const place = { node: "worker-01", interfaceName: "near0", namespace: "shop", pods: PODS };

  /** @returns whether the API server took it. @throws where it has no answer, or fails itself */
  async function create({ name, labels, annotations, spec }: FuzzedCapture): Promise<boolean> {
    const body = {
      apiVersion: "packetcapture.pcapper/v1alpha1",
      kind: "PacketCapture",
      metadata: { name, labels, annotations },
      spec,
    };
    const answer = await server().admin.send("POST", capturesPath("pcapper"), body);
    expect([201, 400, 422], JSON.stringify([body, answer.body])).toContain(answer.status);
    return answer.status === 201;
  }

  async function createAll(seed: number, prefix: number): Promise<Set<string>> {
    const random = seededRandom(seed);
    const all = Array.from({ length: COUNT }, (_, index) => fuzzedCapture(random, prefix + index, place));
    const accepted = new Set<string>();
    for (let from = 0; from < COUNT; from += AT_A_TIME) {
      const some = all.slice(from, from + AT_A_TIME);
      await Promise.all(some.map(async (one) => (await create(one)) && accepted.add(one.name)));
      await stopRunning();
    }
    return accepted;
  }

  /** So that all of them get their turn. */
  async function stopRunning(): Promise<void> {
    for (const { metadata, spec } of await listCaptures(
      server().admin,
      "pcapper",
      "status.progress=running",
    )) {
      if (spec.stop === true) continue;
      await patchCapture(server().admin, "pcapper", metadata.name, { spec: { stop: true } });
    }
  }

  async function expectOutcomes(accepted: ReadonlySet<string>): Promise<StoredCapture[]> {
    let open: StoredCapture[] = [];
    const captures = await waitUntil(
      "each has an outcome",
      async () => {
        await stopRunning();
        const all = await listCaptures(server().admin, "pcapper");
        const ours = all.filter(({ metadata }) => accepted.has(metadata.name));
        open = ours.filter(({ status }) => !isFinal(status?.progress));
        if (open.length === 0 && ours.length === accepted.size) return ours;
        await pause(1000);
        return undefined;
      },
      400,
    ).catch((error: Error) => {
      throw new Error(
        `${error.message}: ${JSON.stringify(open.slice(0, 5))}\n${node.agent().log().slice(-3000)}`,
      );
    });
    for (const { metadata, spec, status } of captures) {
      const reason = status?.reason ?? "";
      expect(Object.hasOwn(REASONS, reason), `${metadata.name} ${JSON.stringify([spec, status])}`).toBe(true);
      expect(
        ["CaptureError", "WriteError", "Interrupted", "AgentLost"],
        JSON.stringify([spec, status]),
      ).not.toContain(reason);
      expect(status?.message).toBeTruthy();
    }
    return captures;
  }

  function memory(pid: number): number {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) / 1000;
  }

  async function expectInGoodHealth(pid: number, name: string): Promise<void> {
    expect(node.agent().pid).toBe(pid);
    expect(memory(pid)).toBeLessThan(MOST_MEMORY);
    expect(node.agent().log()).not.toMatch(/"level":"(error|fatal)"|node:internal|UnhandledPromise/);
    const look = 'await fetch("http://127.0.0.1:9476/healthz").then((a) => a.text()).then(console.log)';
    const answer = await node.link.near.run(process.execPath, "--input-type=module", "--eval", look);
    expect(answer.trim()).toBe("ok");
    await node.create(name);
    await node.until(name, "running", 10);
    await node.send(50);
    await node.stop(name);
    expect((await node.until(name, "finished", 10)).status).toMatchObject({
      reason: "Stopped",
      statistics: { packets: 50, dropped: 0 },
    });
  }

  const tally = (captures: readonly StoredCapture[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { status } of captures) counts[status?.reason ?? ""] = (counts[status?.reason ?? ""] ?? 0) + 1;
    return counts;
  };

  test("a thousand that the API server judges: each it takes has an outcome, and the agent works on", async () => {
    const { pid } = node.agent();
    const captures = await expectOutcomes(await createAll(SEED, 0));
    console.log(
      `taken: ${captures.length} of ${COUNT}: ${JSON.stringify(tally(captures))}; ${memory(pid)} MB`,
    );
    expect(captures.length).toBeGreaterThan(COUNT / 5);
    expect(Object.keys(tally(captures))).toEqual(
      expect.arrayContaining(["Stopped", "InterfaceNotFound", "InvalidFilter", "TargetNotFound"]),
    );
    await waitUntil(
      "each outcome has its Event",
      async () => {
        const events = await listEvents(server().admin, "pcapper");
        const told = new Set(events.map(({ involvedObject, reason }) => `${involvedObject.uid} ${reason}`));
        return captures.every(({ metadata, status }) => told.has(`${metadata.uid} ${status?.reason}`));
      },
      60,
    );
    await expectInGoodHealth(pid, "after-the-strict");
  }, 700_000);

  test("a thousand more where no rule keeps anything out: the same, and what is wrong is InvalidSpec", async () => {
    const { pid } = node.agent();
    await applyLenientCrd(server());
    // The API server goes on with the rules it had for a moment.
    await expect
      .poll(() => create({ name: "lenient", spec: { targetNode: "worker-01" } }), { timeout: 20_000 })
      .toBe(true);
    const captures = await expectOutcomes(await createAll(SEED + 1, 100_000));
    console.log(
      `taken: ${captures.length} of ${COUNT}: ${JSON.stringify(tally(captures))}; ${memory(pid)} MB`,
    );
    expect(tally(captures).InvalidSpec).toBeGreaterThan(50);
    await expectInGoodHealth(pid, "after-the-lenient");
  }, 700_000);
});
