import { globSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import invalid from "../fixtures/specs/invalid.json" with { type: "json" };
import { describeAsRoot } from "../helpers/as-root.ts";
import { judge } from "../helpers/judges.ts";
import { readManifest } from "../helpers/manifest.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { applyLenientCrd } from "../kubernetes/lenient-crd.ts";
import { listEvents, makeNamespace, makeNode, makePod, setPodStatus } from "../kubernetes/objects.ts";
import { applyCrd, createCapture, readCapture, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentNode, makeAgentNode } from "./agent-node.ts";
import { allEnded, untilProgress } from "./capture-progress.ts";
import { apiServerForFile } from "./cluster.ts";
import { refusedSentences } from "./refused-sentences.ts";

const server = apiServerForFile();
const SHORT_WAIT = { TARGET_WAIT: "2s", CAPTURE_BUFFER: "1Mi" };
const near = (node: string) => ({ targetNode: node, targetInterface: "near0" });
const pod = (name: string) => ({ targetNamespace: "shop", targetPod: name });

describeAsRoot("an answer for captures that nobody claims", () => {
  const nodes: AgentNode[] = [];
  beforeAll(async () => {
    const { admin } = server();
    for (const name of ["observer-1", "observer-2", "silent"]) await makeNode(admin, name);
    await makeNamespace(admin, "shop");
    for (const name of ["observer-1", "observer-2"]) {
      const node = await makeAgentNode(server(), name);
      nodes.push(node);
      await node.start(SHORT_WAIT);
    }
  });
  afterAll(async () => {
    for (const node of nodes) await node.remove();
  });

  const create = (name: string, spec: object) => createCapture(server().admin, "pcapper", name, spec);

  /** One Event of that reason, however many agents could have answered. */
  async function expectTold({ metadata, status }: StoredCapture): Promise<void> {
    const reason = status?.reason;
    const told = await waitUntil(`an Event says ${reason}`, async () => {
      const events = await listEvents(server().admin, "pcapper", metadata.name);
      const found = events.filter((event) => event.reason === reason);
      return found.length > 0 ? found : undefined;
    });
    expect(told).toMatchObject([
      { type: "Warning", message: status?.message, involvedObject: { uid: metadata.uid } },
    ]);
  }

  test("no node, no pod, no agent, a pod that stays Pending: each is told as it is", async () => {
    const { admin } = server();
    await makePod(admin, { namespace: "shop", name: "unscheduled" });
    await makePod(admin, { namespace: "shop", name: "pulling", node: "observer-1" });
    await setPodStatus(admin, "shop", "pulling", { phase: "Pending" });
    await makePod(admin, { namespace: "shop", name: "elsewhere", node: "silent" });
    await setPodStatus(admin, "shop", "elsewhere", { phase: "Running", podIP: "10.9.9.9" });
    await makePod(admin, { namespace: "shop", name: "ended", node: "observer-1" });
    await setPodStatus(admin, "shop", "ended", { phase: "Succeeded" });
    const expected: Record<string, [object, string, RegExp]> = {
      "no-node": [near("ghost"), "TargetNotFound", /^There is no node ghost\.$/],
      "no-pod": [pod("ghost"), "TargetNotFound", /^There is no pod shop\/ghost;/],
      "no-agent": [near("silent"), "NoAgent", /^Node silent exists, but no agent/],
      "pod-without-agent": [pod("elsewhere"), "NoAgent", /^Pod shop\/elsewhere runs on node silent, but/],
      "no-node-yet": [pod("unscheduled"), "TargetNotFound", /is Pending and has no node yet/],
      "not-started": [pod("pulling"), "TargetNotFound", /is Pending on node observer-1/],
      "has-ended": [pod("ended"), "TargetNotFound", /has ended \(Succeeded\)/],
    };
    for (const [name, [spec]] of Object.entries(expected)) await create(name, spec);
    const captures = await allEnded(server(), Object.keys(expected), 45);
    for (const capture of captures) {
      const [, reason, message] = expected[capture.metadata.name] ?? [];
      expect(capture.status).toMatchObject({ progress: "failure", reason });
      expect(capture.status?.message).toMatch(message ?? /no such capture/);
      expect(capture.status?.node).toBeUndefined();
      await expectTold(capture);
    }
  });

  test("a wrong interface, one that is down, a bad filter: the owner says so at once", async () => {
    await nodes[0]?.link.near.run("ip", "link", "add", "down0", "type", "veth", "peer", "name", "down1");
    const expected: Record<string, [object, string, RegExp]> = {
      nowhere: [{ targetInterface: "eth77" }, "InterfaceNotFound", /eth77/],
      down: [{ targetInterface: "down0" }, "InterfaceDown", /down0/],
      "bad-filter": [{ captureFilter: "foo bar" }, "InvalidFilter", /syntax error/],
    };
    for (const [name, [spec]] of Object.entries(expected))
      await create(name, { ...near("observer-1"), ...spec });
    for (const capture of await allEnded(server(), Object.keys(expected), 15)) {
      const [, reason, message] = expected[capture.metadata.name] ?? [];
      expect(capture.status).toMatchObject({ progress: "failure", reason, node: "observer-1" });
      expect(capture.status?.message).toMatch(message ?? /no such capture/);
      expect(capture.status?.fileLocation).toBeUndefined();
      await expectTold(capture);
    }
  });

  test("a spec that an older CRD let pass is answered as InvalidSpec", async () => {
    await applyLenientCrd(server());
    for (const [index, { spec }] of invalid.entries()) {
      const attempt = (): Promise<string[]> => refusedSentences(create(`invalid-${index}`, spec));
      await expect.poll(attempt, { timeout: 20_000 }).toEqual([]);
    }
    await applyCrd(server());
    const names = invalid.map((_, index) => `invalid-${index}`);
    for (const { metadata, status } of await allEnded(server(), names, 60)) {
      expect(status, metadata.name).toMatchObject({ progress: "failure", reason: "InvalidSpec" });
      const { problems = [] } = invalid[Number(metadata.name.replace("invalid-", ""))] ?? {};
      expect(status?.message).toContain(problems[0]);
    }
  }, 120_000);
});

describeAsRoot("a capture whose agent is gone", () => {
  let owner: AgentNode;
  let observer: AgentNode;
  beforeAll(async () => {
    for (const name of ["owner", "observer"]) await makeNode(server().admin, name);
    owner = await makeAgentNode(server(), "owner");
    observer = await makeAgentNode(server(), "observer");
    await observer.start(SHORT_WAIT);
    await owner.start(SHORT_WAIT);
  });
  afterAll(async () => {
    await owner?.remove();
    await observer?.remove();
  });

  const read = (name: string): Promise<StoredCapture> => readCapture(server().admin, "pcapper", name);

  async function runWith20Packets(name: string): Promise<void> {
    const spec = { ...near("owner"), captureSeconds: 5, maxFileSize: "1M", fileCount: 2 };
    await createCapture(server().admin, "pcapper", name, spec);
    await untilProgress(server(), name, "running");
    await sendFrames(owner.link, { kind: "udp4", first: 0, count: 20, length: 100, rate: 0 });
    await waitUntil("20 packets are in the file", () =>
      globSync(join(owner.hostmount, name, "*.json")).some(
        (path) => readManifest(path).statistics.packets === 20,
      ),
    );
  }

  async function lost(name: string): Promise<void> {
    const [capture] = await allEnded(server(), [name], 150);
    expect(capture?.status).toMatchObject({ progress: "failure", reason: "AgentLost", node: "owner" });
    expect(capture?.status?.message).toContain("owner");
    expect(capture?.status?.endTime).toBeUndefined();
    await waitUntil("an Event says so", async () => {
      const events = await listEvents(server().admin, "pcapper", name);
      return events.filter(({ reason }) => reason === "AgentLost").length === 1;
    });
  }

  async function completed(name: string): Promise<void> {
    const { status } = await waitUntil("the owner has added what it has", async () => {
      const capture = await read(name);
      return capture.status?.endTime === undefined ? undefined : capture;
    });
    expect(status).toMatchObject({
      progress: "failure",
      reason: "AgentLost",
      statistics: { packets: 20, files: 1 },
    });
    expect(status?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "FilesAvailable", status: "True" }),
        expect.objectContaining({ type: "Failed", status: "True" }),
      ]),
    );
    expect(status?.conditions?.some(({ type }) => type === "Complete")).toBe(false);
    expect(status?.fileLocation).toMatch(new RegExp(`^/var/pcapper/${name}/owner\\..*\\.00001\\.pcap$`));
    expect(globSync(join(owner.hostmount, name, "*.part"))).toEqual([]);
    const [file = ""] = globSync(join(owner.hostmount, name, "*.pcap"));
    expect((await judge(file)).records).toHaveLength(20);
  }

  test("is AgentLost after its end, and gets its files when the owner is back", async () => {
    await runWith20Packets("killed");
    await owner.end("SIGKILL");
    await lost("killed");
    await owner.start(SHORT_WAIT);
    await completed("killed");
  }, 200_000);

  const away: [string, (signal: "SIGSTOP" | "SIGCONT") => void][] = [
    ["cut-off", (signal) => owner.reach.signal(signal)],
    ["frozen", (signal) => owner.agent().kill(signal)],
  ];
  test.each(away)(
    "%s past the end, the owner adds its files to what others have said",
    async (name, signal) => {
      await runWith20Packets(name);
      signal("SIGSTOP");
      try {
        await lost(name);
      } finally {
        signal("SIGCONT");
      }
      await completed(name);
      const events = await listEvents(server().admin, "pcapper", name);
      expect(events.map(({ reason }) => reason).sort()).toEqual(["AgentLost", "Running", "Scheduled"]);
    },
    200_000,
  );
});

describeAsRoot("an agent that stood still", () => {
  /** Seconds; agents spread their answers over 12 more. */
  const WAIT = 8;
  let owner: AgentNode;
  let observer: AgentNode;
  beforeAll(async () => {
    for (const name of ["sleeper", "watcher"]) await makeNode(server().admin, name);
    owner = await makeAgentNode(server(), "sleeper");
    observer = await makeAgentNode(server(), "watcher");
    for (const node of [owner, observer]) await node.start({ ...SHORT_WAIT, TARGET_WAIT: `${WAIT}s` });
  });
  afterAll(async () => {
    await owner?.remove();
    await observer?.remove();
  });

  const read = (name: string): Promise<StoredCapture> => readCapture(server().admin, "pcapper", name);

  // A host that was paused with all its nodes: whose agent wakes first must not judge the others.
  test("does not say that nobody answers for what it slept through", async () => {
    owner.agent().kill("SIGSTOP");
    await createCapture(server().admin, "pcapper", "slept", { ...near("sleeper"), captureSeconds: 1 });
    // It hears of the capture, and begins to wait.
    await pause(1000);
    observer.agent().kill("SIGSTOP");
    await pause((WAIT + 13) * 1000);
    observer.agent().kill("SIGCONT");
    // All that it waited for is over, and its timers go off.
    await pause(2000);
    expect((await read("slept")).status).toBeUndefined();
    owner.agent().kill("SIGCONT");
    const [ended] = await allEnded(server(), ["slept"], 30);
    expect(ended?.status).toMatchObject({ reason: "TimeElapsed", node: "sleeper" });
  }, 120_000);
});
