import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { apiServerForFile } from "./cluster.ts";
import { holdStarts } from "./held-start.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();

describeAsRoot("a capture that is claimed and has not begun", () => {
  let node: OneNode;
  let letIn: () => Promise<void>;
  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  beforeEach(async () => {
    letIn = await holdStarts(node.hostmount);
  });
  afterEach(() => letIn());
  afterAll(() => node?.close());

  async function scheduled(name: string): Promise<void> {
    await node.create(name);
    await node.until(name, "scheduled");
  }

  /** Another one shows that the agent goes on, and has looked at everything before it. */
  async function expectNothingLeft(name: string): Promise<void> {
    await node.create(`${name}-after`);
    await node.until(`${name}-after`, "running", 40);
    await waitUntil("nothing is left of it", () => !existsSync(join(node.hostmount, name)));
    await node.send(10);
    await node.stop(`${name}-after`);
    const { status } = await node.until(`${name}-after`, "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 10 } });
    expect(await node.packets(`${name}-after`)).toBe(10);
  }

  test("deleted: nothing of it is left, and nothing is told of a start", async () => {
    await scheduled("deleted");
    await node.remove("deleted");
    await letIn();
    await expectNothingLeft("deleted");
    expect(await node.events("deleted", 1)).toEqual(["Scheduled"]);
  });

  test("deleted while its agent is dead: the next one lets it be", async () => {
    await scheduled("deleted-dead");
    await node.end("SIGKILL");
    await node.remove("deleted-dead");
    await letIn();
    await node.start();
    await expectNothingLeft("deleted-dead");
  });

  test("deleted and made again: the new one runs, and only its packets are there", async () => {
    await scheduled("again");
    await node.remove("again");
    const { metadata } = await node.create("again");
    await node.until("again", "scheduled");
    await letIn();
    expect((await node.until("again", "running", 40)).metadata.uid).toBe(metadata.uid);
    await node.send(20);
    await waitUntil("its packets are published", () => node.published("again") === 20);
    await waitUntil("one manifest is left", () => {
      return readdirSync(join(node.hostmount, "again")).filter((file) => file.endsWith(".json")).length === 1;
    });
    await node.stop("again");
    const { status } = await node.until("again", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 20, dropped: 0 } });
    expect(await node.packets("again")).toBe(20);
    expect(node.temporary("again")).toEqual([]);
  });

  test("stopped: it ends as Stopped", async () => {
    await scheduled("stopped");
    await node.stop("stopped");
    await letIn();
    const { status } = await node.until("stopped", "finished", 40);
    expect(status).toMatchObject({ reason: "Stopped" });
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`${signal} of its agent: the next one begins it`, async () => {
      const name = `begun-${signal.toLowerCase()}`;
      await scheduled(name);
      const ending = node.end(signal);
      await letIn();
      await ending;
      const left = (await node.read(name)).status?.progress;
      await node.start();
      await waitUntil("the next agent captures", async () => {
        const { progress, resumes } = (await node.read(name)).status ?? {};
        return progress === "running" && (left !== "running" || resumes === 1);
      });
      await node.send(30);
      await waitUntil("its packets are published", () => node.published(name) === 30);
      await node.stop(name);
      const { status } = await node.until(name, "finished");
      expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 30, dropped: 0 } });
      expect(await node.packets(name)).toBe(30);
    });
  }
});
