import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMetrics, requestCounts, sumOf } from "../../bench/agent/request-counts.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { finalizeNamespace, makeNamespace } from "../kubernetes/objects.ts";
import {
  applyAgentRbac,
  applyCrd,
  listCaptures,
  mustKubectl,
  removeAgentRbac,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const STRANGERS = [".git.lock", ".worker-01.other.1700000000.lock", "notes.pcap"];
const CRD = "crd/packetcaptures.packetcapture.pcapper";

describeAsRoot("files of captures that are deleted, or old", () => {
  let node: OneNode;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  const folder = (name: string) => join(node.hostmount, name);
  const gone = (name: string) =>
    waitUntil(`the folder of ${name} is gone`, () => !existsSync(folder(name)), 30);

  async function running(name: string): Promise<void> {
    await node.create(name);
    await node.until(name, "running");
    await node.send(20);
    await waitUntil("20 packets are published", () => node.published(name) >= 20);
  }

  async function finished(name: string): Promise<void> {
    await running(name);
    await node.stop(name);
    await node.until(name, "finished");
    expect(await node.packets(name)).toBe(20);
  }

  /** Everything the agent would remove has been looked at when a capture deleted last has lost its files. */
  async function sweptSince(name: string): Promise<void> {
    await finished(name);
    await node.remove(name);
    await gone(name);
  }

  test("deleted while running: it ends, and its files go", async () => {
    await running("delete-running");
    await node.remove("delete-running");
    await gone("delete-running");
  });

  test("deleted when finished: its files go", async () => {
    await finished("delete-finished");
    await node.remove("delete-finished");
    await gone("delete-finished");
  });

  for (const state of ["running", "finished"] as const) {
    test(`${state}, and deleted while the agent is down: its files go when it is back`, async () => {
      const name = `delete-away-${state}`;
      await (state === "running" ? running(name) : finished(name));
      await node.end("SIGKILL");
      await node.remove(name);
      await node.start();
      await gone(name);
    });
  }

  test("deleted and made again ten times at once: the last one keeps its files, the others lose theirs", async () => {
    const name = "again";
    let last = await node.create(name);
    for (let i = 0; i < 10; i += 1) {
      await node.remove(name);
      last = await node.create(name);
    }
    await node.until(name, "running");
    await node.send(30);
    await waitUntil("30 packets are published", () => node.published(name) >= 30);
    await waitUntil("only one capture has files", () => manifests(name).length === 1, 30);
    await node.stop(name);
    const { metadata, status } = await node.until(name, "finished");
    expect(metadata.uid).toBe(last.metadata.uid);
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 30, dropped: 0 } });
    expect(await node.packets(name)).toBe(30);
    expect(node.temporary(name)).toEqual([]);
  });

  test("a stranger's file in our folder stays, and a stranger's folder", async () => {
    mkdirSync(folder("stranger"));
    for (const name of STRANGERS) writeFileSync(join(folder("stranger"), name), "mine");
    await finished("shared");
    writeFileSync(join(folder("shared"), "notes.txt"), "mine");
    const [manifest = ""] = manifests("shared");
    const unlisted = manifest.replace(/json$/, "00002.pcap");
    writeFileSync(join(folder("shared"), unlisted), "not listed");
    const others = [unlisted, "notes.txt"].sort();
    await node.remove("shared");
    // The lock goes last, after the manifest.
    await expect.poll(() => readdirSync(folder("shared")).sort(), { timeout: 10_000 }).toEqual(others);
    await node.end("SIGKILL");
    await node.start();
    await sweptSince("after-strangers");
    expect(readdirSync(folder("shared")).sort()).toEqual(others);
    expect(readdirSync(folder("stranger")).sort()).toEqual(STRANGERS);
  });

  test("old files go and the capture says so; what runs is not touched, however old", async () => {
    await finished("old");
    await running("old-running");
    await node.end("SIGKILL");
    await waitUntil("they are old", () => aSecondOld("old"));
    await node.start({ DELETE_OLDER_THAN: "1s" });
    await waitUntil("it is resumed", async () => (await node.read("old-running")).status?.resumes === 1);
    await gone("old");
    const { status } = await node.read("old");
    expect(status?.fileLocation).toBeUndefined();
    expect(status?.conditions?.find(({ type }) => type === "FilesAvailable")).toMatchObject({
      status: "False",
    });
    expect(await node.events("old", 4)).toContain("FilesRemoved");
    await node.stop("old-running");
    const after = (await node.until("old-running", "finished")).status;
    expect(after).toMatchObject({ reason: "Stopped", statistics: { packets: 20 } });
    expect(await node.packets("old-running")).toBe(20);
    await node.end("SIGTERM");
    await node.start();
  });

  test("without its rights the agent removes nothing; with them again, it does", async () => {
    await finished("rights");
    await removeAgentRbac(server());
    await node.remove("rights");
    await waitUntil("it was refused", () => node.agent().log().includes("not known yet"), 30);
    expect(await node.packets("rights")).toBe(20);
    await applyAgentRbac(server());
    await node.end("SIGKILL");
    await node.start();
    await gone("rights");
  });

  test("with the CRD deleted, the files stay, also when it is there again", async () => {
    await finished("crd-finished");
    await running("crd-running");
    await nextSecond("crd-running");
    await mustKubectl(server(), "delete", CRD, "--timeout=60s");
    await node.end("SIGKILL");
    await applyCrd(server());
    await node.start();
    await sweptSince("after-crd");
    expect(node.files("crd-finished")).toHaveLength(1);
    expect(await node.packets("crd-finished")).toBe(20);
    await waitUntil("what ran is whole", () => node.temporary("crd-running").length === 0, 40);
    expect(await node.packets("crd-running")).toBe(20);
  });

  test("with the namespace being deleted, and gone, and there again, the files stay", async () => {
    await finished("ns-finished");
    await running("ns-running");
    await nextSecond("ns-running");
    await mustKubectl(server(), "delete", "namespace", "pcapper", "--wait=false");
    const asked = await namespaceReads();
    for (const { metadata } of await listCaptures(server().admin, "pcapper"))
      await node.remove(metadata.name);
    await waitUntil("it has asked for both", async () => (await namespaceReads()) >= asked + 2, 30);
    await waitUntil("what ran is whole", () => node.temporary("ns-running").length === 0, 40);
    for (const name of ["ns-finished", "ns-running"]) expect(await node.packets(name)).toBe(20);
    await finalizeNamespace(server().admin, "pcapper");
    await makeNamespace(server().admin, "pcapper");
    await applyAgentRbac(server());
    await node.end("SIGKILL");
    await node.start();
    await sweptSince("after-namespace");
    expect(await node.packets("ns-finished")).toBe(20);
    expect(await node.packets("ns-running")).toBe(20);
  });

  /** How often the API server was asked for a namespace: the agent does that before it removes a file. */
  async function namespaceReads(): Promise<number> {
    const counts = requestCounts(await readMetrics(server().admin));
    return sumOf(counts, { verb: "GET", resource: "namespaces" });
  }

  function manifests(name: string): string[] {
    try {
      return readdirSync(folder(name)).filter((file) => file.endsWith(".json") && !file.startsWith("."));
    } catch {
      return [];
    }
  }

  /** The API server tells times in whole seconds: what is made in the same one is not told apart. */
  async function nextSecond(name: string): Promise<void> {
    const made = Date.parse((await node.read(name)).metadata.creationTimestamp ?? "");
    await waitUntil("another second has begun", () => Date.now() > made + 1000);
  }

  async function aSecondOld(name: string): Promise<boolean> {
    const { status } = await node.read(name);
    return Date.now() - Date.parse(status?.endTime ?? "") > 2500;
  }
});
