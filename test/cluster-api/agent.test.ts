import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { mustKubectl, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();

describeAsRoot("an agent on a real API server", () => {
  let node: OneNode;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  /** Lines of the log about one capture: what they say of it, and the reason. */
  function logged({ metadata: { name, uid } }: StoredCapture): object[] {
    const lines = node.agent().log().trim().split("\n");
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line.uid === uid)
      .map(({ namespace, name: said, level, reason }) => {
        expect([namespace, said]).toEqual(["pcapper", name]);
        return { level, reason };
      });
  }

  test("captures what reaches the interface, and the resource tells the truth to the end", async () => {
    await node.create("pcap2", { captureSeconds: "4" });
    const running = await node.until("pcap2", "running");
    expect(running.status).toMatchObject({ node: "worker-01", fileLocation: "/var/pcapper/pcap2" });
    await node.send(1000);
    const ended = await node.until("pcap2", "finished");
    expect(ended.status).toMatchObject({
      reason: "TimeElapsed",
      interface: { name: "near0", scope: "node", linkType: "EN10MB" },
      statistics: { packets: 1000, dropped: 0, files: 1 },
    });
    expect(ended.status?.fileLocation).toMatch(/^\/var\/pcapper\/pcap2\/worker-01\.pcap2\.\d+\.00001\.pcap$/);
    expect(await node.packets("pcap2")).toBe(1000);
    const complete = ["wait", "-n", "pcapper", "pcap/pcap2", "--for=condition=Complete", "--timeout=5s"];
    await mustKubectl(server(), ...complete);
    expect(await node.events("pcap2", 3)).toEqual(["Running", "Scheduled", "TimeElapsed"]);
    expect(logged(ended)).toEqual([
      { level: "info", reason: "Scheduled" },
      { level: "info", reason: "Running" },
      { level: "info", reason: "TimeElapsed" },
    ]);
  });

  test("refreshes the counters of what runs, and writes nothing where they did not change", async () => {
    await node.create("still", { captureFilter: "tcp" });
    await node.create("counted");
    for (const name of ["still", "counted"]) await node.until(name, "running");
    const counts = async (packets: number): Promise<string | undefined> => {
      const { statistics } = (await node.read("counted")).status ?? {};
      return statistics?.packets === packets ? statistics.lastUpdateTime : undefined;
    };
    await node.send(100);
    const first = await waitUntil("100 packets are in the status", () => counts(100), 40);
    // It had a file, at its first turn.
    const still = await waitUntil("the other has its file in the status", async () => {
      const capture = await node.read("still");
      return capture.status?.statistics?.files === 1 && capture;
    });
    await node.send(10);
    const second = await waitUntil("110 packets are in the status", () => counts(110), 40);
    expect(second).not.toBe(first);
    // Its turn has come as often.
    expect((await node.read("still")).metadata.resourceVersion).toBe(still.metadata.resourceVersion);
    for (const name of ["still", "counted"]) await node.stop(name);
    expect((await node.until("counted", "finished")).status?.statistics).toMatchObject({ packets: 110 });
    expect((await node.until("still", "finished")).status?.statistics).toMatchObject({ packets: 0 });
  });

  test("stops when spec.stop becomes true", async () => {
    await node.create("stopped");
    await node.until("stopped", "running");
    await node.send(10);
    await node.stop("stopped");
    const { status } = await node.until("stopped", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 10, dropped: 0 } });
  });

  test("says why it cannot capture", async () => {
    await node.create("nowhere", { targetInterface: "eth77" });
    await node.create("badfilter", { captureFilter: "foo bar" });
    await node.create("huge", { maxFileSize: "1Ti", fileCount: 99 });
    const nowhere = await node.until("nowhere", "failure");
    expect(nowhere.status).toMatchObject({ reason: "InterfaceNotFound" });
    expect((await node.until("badfilter", "failure")).status).toMatchObject({ reason: "InvalidFilter" });
    expect((await node.until("huge", "failure")).status).toMatchObject({ reason: "TotalFileSizeExceeded" });
    for (const name of ["nowhere", "badfilter", "huge"]) {
      await waitUntil("nothing is left of it", () => !existsSync(join(node.hostmount, name)));
    }
    expect(logged(nowhere)).toEqual([
      { level: "info", reason: "Scheduled" },
      { level: "warn", reason: "InterfaceNotFound" },
    ]);
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`goes on in the same ring after ${signal}, and nothing is counted twice`, async () => {
      const name = `resumed-${signal.toLowerCase()}`;
      await node.create(name);
      await node.until(name, "running");
      await node.send(200);
      await waitUntil("200 packets are in the file", () => node.published(name) >= 200);
      await node.end(signal);
      await node.start();
      await waitUntil("it is resumed", async () => (await node.read(name)).status?.resumes === 1);
      await node.send(300);
      await waitUntil("500 packets are published", () => node.published(name) >= 500);
      await node.stop(name);
      const { status } = await node.until(name, "finished");
      expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 500, files: 2 } });
      expect(await node.packets(name)).toBe(500);
      await waitUntil("nothing temporary is left", () => node.temporary(name).length === 0);
    });
  }

  test("a second agent of the node waits, and takes over; that its port was taken is only said", async () => {
    const first = node.agent();
    await node.start();
    const second = node.agent();
    expect(second.log()).toContain("holds the lock");
    await waitUntil("it says that its port is taken", () => second.log().includes("EADDRINUSE"));
    first.kill("SIGKILL");
    await first.ended;
    await waitUntil("the second works", () => second.log().includes("Working for node"));
  });

  test("a deleted capture stops", async () => {
    await node.create("deleted");
    await node.until("deleted", "running");
    await node.remove("deleted");
    await waitUntil("no file is being written", () =>
      node.files("deleted").every((path) => !path.endsWith(".part")),
    );
  });
});
