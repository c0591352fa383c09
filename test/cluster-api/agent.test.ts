import { existsSync, globSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { judge } from "../helpers/judges.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import { readManifest } from "../helpers/manifest.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";
import {
  createCapture,
  deleteCapture,
  mustKubectl,
  patchCapture,
  readCapture,
  type StoredCapture,
} from "../kubernetes/packet-captures.ts";
import { type Reach, reachFrom } from "../kubernetes/reach-from.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentProcess, startAgentProcess } from "./agent-process.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
const spec = {
  targetNode: "worker-01",
  targetInterface: "near0",
  captureSeconds: "600",
  maxFileSize: "100M",
  fileCount: "10",
};

describeAsRoot("an agent on a real API server", () => {
  const folder = makeTemporaryFolder();
  const hostmount = join(folder.path, "hostmount");
  let link: Link;
  let reach: Reach;
  let agent: AgentProcess;

  beforeAll(async () => {
    mkdirSync(hostmount);
    link = await makeLink();
    reach = await reachFrom(server(), link.near);
    await makeNode(server().admin, "worker-01");
    agent = await start();
  });
  afterAll(async () => {
    agent?.kill("SIGKILL");
    await reach?.stop();
    link?.remove();
    folder.remove();
  });

  const start = () => startAgentProcess(server(), { node: "worker-01", hostmount, namespace: link.near });
  const read = (name: string) => readCapture(server().admin, "pcapper", name);
  const until = (name: string, progress: string): Promise<StoredCapture> =>
    waitUntil(`${name} is ${progress}`, async () => {
      const capture = await read(name);
      return capture.status?.progress === progress ? capture : undefined;
    });
  const filesOf = (name: string) => globSync(join(hostmount, name, "*.[0-9]*.pcap{,.part}"));
  const packetsIn = async (name: string) =>
    (await Promise.all(filesOf(name).map(judge))).reduce((sum, { records }) => sum + records.length, 0);
  const send = (count: number) =>
    sendFrames(link, { kind: "udp4", first: 0, count, length: 100, rate: 20_000 });

  test("captures what reaches the interface, and the resource tells the truth to the end", async () => {
    await createCapture(server().admin, "pcapper", "pcap2", { ...spec, captureSeconds: "4" });
    const running = await until("pcap2", "running");
    expect(running.status).toMatchObject({ node: "worker-01", fileLocation: "/var/pcapper/pcap2" });
    await send(1000);
    const { status } = await until("pcap2", "finished");
    expect(status).toMatchObject({
      reason: "TimeElapsed",
      interface: { name: "near0", scope: "node", linkType: "EN10MB" },
      statistics: { packets: 1000, dropped: 0, files: 1 },
    });
    expect(status?.fileLocation).toMatch(/^\/var\/pcapper\/pcap2\/worker-01\.pcap2\.\d+\.00001\.pcap$/);
    expect(await packetsIn("pcap2")).toBe(1000);
    await mustKubectl(
      server(),
      "wait",
      "-n",
      "pcapper",
      "pcap/pcap2",
      "--for=condition=Complete",
      "--timeout=5s",
    );
    const events = await waitUntil("three Events", async () => {
      const found = await listEvents(server().admin, "pcapper", "pcap2");
      return found.length >= 3 ? found : undefined;
    });
    expect(events.map(({ reason }) => reason).sort()).toEqual(["Running", "Scheduled", "TimeElapsed"]);
  });

  test("stops when spec.stop becomes true", async () => {
    await createCapture(server().admin, "pcapper", "stopped", spec);
    await until("stopped", "running");
    await send(10);
    await patchCapture(server().admin, "pcapper", "stopped", { spec: { stop: true } });
    const { status } = await until("stopped", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 10, dropped: 0 } });
  });

  test("says why it cannot capture", async () => {
    await createCapture(server().admin, "pcapper", "nowhere", { ...spec, targetInterface: "eth77" });
    await createCapture(server().admin, "pcapper", "badfilter", { ...spec, captureFilter: "foo bar" });
    await createCapture(server().admin, "pcapper", "huge", { ...spec, maxFileSize: "1Ti", fileCount: 99 });
    expect((await until("nowhere", "failure")).status).toMatchObject({ reason: "InterfaceNotFound" });
    expect((await until("badfilter", "failure")).status).toMatchObject({ reason: "InvalidFilter" });
    expect((await until("huge", "failure")).status).toMatchObject({ reason: "TotalFileSizeExceeded" });
    for (const name of ["nowhere", "badfilter", "huge"]) {
      await waitUntil("nothing is left of it", () => !existsSync(join(hostmount, name)));
    }
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`goes on in the same ring after ${signal}, and nothing is counted twice`, async () => {
      const name = `resumed-${signal.toLowerCase()}`;
      await createCapture(server().admin, "pcapper", name, spec);
      await until(name, "running");
      await send(200);
      await waitUntil("200 packets are in the file", async () => (await packetsSeen(name)) >= 200);
      agent.kill(signal);
      await agent.ended;
      agent = await start();
      await waitUntil("it is resumed", async () => (await read(name)).status?.resumes === 1);
      await send(300);
      await waitUntil("500 packets are published", async () => (await packetsSeen(name)) >= 500);
      await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
      const { status } = await until(name, "finished");
      expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 500, files: 2 } });
      expect(await packetsIn(name)).toBe(500);
      expect(readdirSync(join(hostmount, name)).filter((file) => file.includes(".part"))).toEqual([]);
    });
  }

  /** As the manifest publishes them. */
  async function packetsSeen(name: string): Promise<number> {
    const [path] = globSync(join(hostmount, name, "*.json"));
    if (path === undefined) return 0;
    return readManifest(path).statistics.packets;
  }

  test("a second agent of the node waits, and takes over", async () => {
    const second = await startAgentProcess(server(), {
      node: "worker-01",
      hostmount,
      namespace: link.near,
      env: { HTTP_ADDRESS: "127.0.0.1:9477" },
    });
    expect(second.log()).toContain("holds the lock");
    agent.kill("SIGKILL");
    await agent.ended;
    await waitUntil("the second works", () => second.log().includes("Working for node"));
    agent = second;
  });

  test("a deleted capture stops", async () => {
    await createCapture(server().admin, "pcapper", "deleted", spec);
    await until("deleted", "running");
    await deleteCapture(server().admin, "pcapper", "deleted");
    await waitUntil("no file is being written", () =>
      filesOf("deleted").every((path) => !path.endsWith(".part")),
    );
  });
});
