import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type Manifest, readManifest } from "../helpers/manifest.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { finalizeNamespace, makeNamespace } from "../kubernetes/objects.ts";
import {
  applyAgentRbac,
  applyCrd,
  listCaptures,
  mustKubectl,
  patchCapture,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const CRD = "crd/packetcaptures.packetcapture.pcapper";

describeAsRoot("a capture that is deleted while it runs", () => {
  let node: OneNode;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  const folder = (name: string) => join(node.hostmount, name);

  async function running(name: string): Promise<void> {
    await node.create(name);
    await node.until(name, "running", 60);
    await node.send(20);
    await waitUntil("20 packets are published", () => node.published(name) >= 20);
  }

  const manifest = (name: string): Manifest | undefined =>
    globSync(join(folder(name), "*.json"))
      .map(readManifest)
      .at(0);

  /** Its engine has ended, and its files are as it left them. */
  async function stopped(name: string): Promise<void> {
    await waitUntil(`${name} has stopped`, () => manifest(name)?.finished !== undefined, 60);
    expect(manifest(name)?.finished?.reason).toBe("Stopped");
    await waitUntil("nothing temporary is left", () => node.temporary(name).length === 0);
    expect(await node.packets(name)).toBe(20);
  }

  const keep = (name: string, finalizers: string[] | null) =>
    patchCapture(server().admin, "pcapper", name, { metadata: { finalizers } });

  test("behind a finalizer: it is Stopped at once, and its files go with the resource", async () => {
    await running("kept");
    await keep("kept", ["example.com/keep"]);
    await node.remove("kept");
    const { status, metadata } = await node.until("kept", "finished");
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 20, dropped: 0 } });
    expect(status?.message).toContain("The PacketCapture was deleted.");
    expect(await node.packets("kept")).toBe(20);
    await keep("kept", null);
    await waitUntil("its files are gone", () => node.files("kept").length === 0);
  });

  test("behind a finalizer, and the agent is gone: the next one does not go on with it", async () => {
    await running("kept-away");
    await keep("kept-away", ["example.com/keep"]);
    await node.end("SIGKILL");
    await node.remove("kept-away");
    await node.start();
    const { status } = await node.until("kept-away", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 20 } });
    expect(status?.message).toContain("deleted while the agent was gone");
    await keep("kept-away", null);
  });

  test("before anybody has claimed it: nobody does", async () => {
    await node.end("SIGTERM");
    await node.create("unclaimed");
    await keep("unclaimed", ["example.com/keep"]);
    await node.remove("unclaimed");
    await node.start();
    await node.create("claimed");
    await node.until("claimed", "running");
    expect((await node.read("unclaimed")).status?.progress).toBeUndefined();
    await keep("unclaimed", null);
    await node.remove("claimed");
  });

  test("with its CRD: it stops, and keeps its files", async () => {
    await running("crd");
    await mustKubectl(server(), "delete", CRD, "--timeout=60s");
    await stopped("crd");
    await applyCrd(server());
  });

  test("with its namespace: it stops, and keeps its files", async () => {
    await running("namespace");
    await mustKubectl(server(), "delete", "namespace", "pcapper", "--wait=false");
    // As the namespace controller does.
    for (const { metadata } of await listCaptures(server().admin, "pcapper"))
      await node.remove(metadata.name);
    await stopped("namespace");
    await finalizeNamespace(server().admin, "pcapper");
    await makeNamespace(server().admin, "pcapper");
    await applyAgentRbac(server());
  });

  test("with its CRD while the API is out of reach: it stops when that is seen", async () => {
    // The agent's token went with the namespace.
    await node.end("SIGTERM");
    await node.start();
    await running("crd-away");
    // Nothing that it would be told of the deletion gets through.
    node.reach.signal("SIGSTOP");
    await server().pause("SIGKILL");
    await server().resume();
    await mustKubectl(server(), "delete", CRD, "--timeout=60s");
    node.reach.signal("SIGCONT");
    await stopped("crd-away");
    await applyCrd(server());
  });

  test("its folder is removed by somebody: it ends, and the next one runs", async () => {
    await running("no-folder");
    rmSync(folder("no-folder"), { recursive: true });
    await node.stop("no-folder");
    const { status } = await node.until("no-folder", "failure");
    expect(status).toMatchObject({ reason: "WriteError" });
    expect(status?.fileLocation).toBeUndefined();
    await running("after");
    expect(await node.packets("after")).toBe(20);
  });
});
