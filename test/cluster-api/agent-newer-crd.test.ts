import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { applyNewerCrd } from "../kubernetes/lenient-crd.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();

describeAsRoot("an agent that is older than its CRD", () => {
  let node: OneNode;

  beforeAll(async () => {
    await applyNewerCrd(server());
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  test("captures what has a field that it does not know, and goes on with it after a restart", async () => {
    await node.create("future", { futureField: "something" });
    const { spec } = await node.until("future", "running");
    expect(spec).toMatchObject({ futureField: "something" });
    await node.send(20);
    await waitUntil("20 packets are published", () => node.published("future") >= 20);
    await node.end("SIGKILL");
    await node.start();
    await waitUntil("it goes on", async () => (await node.read("future")).status?.resumes === 1);
    await node.stop("future");
    const { status } = await node.until("future", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 20 } });
  });
});
