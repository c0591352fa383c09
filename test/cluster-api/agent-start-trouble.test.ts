import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { makeNode } from "../kubernetes/objects.ts";
import { applyAgentRbac, mustKubectl } from "../kubernetes/packet-captures.ts";
import { type AgentNode, makeAgentNode } from "./agent-node.ts";
import { askAgent } from "./ask-agent.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
/** Milliseconds in which an agent asks the API server many times. */
const A_WHILE = 4000;

describeAsRoot("an agent that cannot begin", () => {
  const folder = makeTemporaryFolder();
  let node: AgentNode;
  beforeAll(async () => {
    await makeNode(server().admin, "worker-01");
    node = await makeAgentNode(server(), "worker-01");
  });
  afterEach(() => node.end("SIGTERM"));
  afterAll(async () => {
    await node?.remove();
    folder.remove();
  });

  const ask = (path: string) => askAgent(node.link.near, path);
  /** What the agent's log says of the API server. */
  const told = (): string[] =>
    node
      .agent()
      .log()
      .split("\n")
      .filter((line) => line.includes("The API server did not do what was asked"))
      .map((line) => (JSON.parse(line) as { msg: string }).msg);

  async function expectNotReady(): Promise<void> {
    expect((await ask("/healthz")).status).toBe(200);
    expect(await ask("/readyz")).toMatchObject({
      status: 503,
      body: expect.stringContaining("its log says why"),
    });
  }

  test("refused by the API server: its log says by which rule, once, and it begins with its rights", async () => {
    await mustKubectl(server(), "delete", "clusterrolebinding", "pcapper-agent");
    await node.begin();
    await waitUntil("it says why", () => told().length > 0);
    await pause(A_WHILE);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatch(
      /it is asked again until it does: GET \/api\/v1\/namespaces\/kube-system: 403, .*"system:serviceaccount:pcapper:pcapper-agent" cannot get resource "namespaces"/,
    );
    await expectNotReady();
    await applyAgentRbac(server());
    // It asks every half minute at last.
    await waitUntil("it is ready", async () => (await ask("/readyz")).status === 200, 45);
  });

  test("let in, but not to the captures: the log names them, and it is not ready", async () => {
    await mustKubectl(server(), "delete", "rolebinding", "pcapper-agent", "--namespace=pcapper");
    await node.start();
    await waitUntil("it says why", () => told().length > 0);
    await pause(A_WHILE);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatch(/ 403, packetcaptures\.packetcapture\.pcapper is forbidden: /);
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    expect(body).toContain("The API server has not answered yet for: unowned, own.");
    await applyAgentRbac(server());
    await waitUntil("it is ready", async () => (await ask("/readyz")).status === 200, 45);
  });

  test("nobody at the API server's address: the log names it and the system's error, once", async () => {
    const { text } = await server().serviceAccountKubeconfig("pcapper", "pcapper-agent");
    const elsewhere = join(folder.path, "kubeconfig");
    writeFileSync(elsewhere, text.replaceAll(server().address, "https://127.0.0.1:1"));
    await node.begin({ KUBECONFIG: elsewhere });
    await waitUntil("it says why", () => told().length > 0);
    await pause(A_WHILE);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain(
      "no usable answer from https://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1",
    );
    await expectNotReady();
    expect(await node.end("SIGTERM")).toBe(0);
  });
});
