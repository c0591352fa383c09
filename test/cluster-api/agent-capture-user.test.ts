import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captureFilePrefix } from "../../src/agent/file-names.ts";
import type { ExportList } from "../../src/export/listing.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiClient } from "../kubernetes/api-client.ts";
import { renderChart } from "../kubernetes/helm.ts";
import { capturesPath, mustKubectl } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const TARGET = { targetNode: "worker-01", targetInterface: "near0", maxFileSize: "1M", fileCount: 2 };
const PACKETS = 100;

/** Another person of the same Role: may make captures, and wants the files of one that is not theirs. */
describeAsRoot("a capture user who wants another's files", () => {
  let node: OneNode;
  let mallory: ApiClient;
  let before: Record<string, string>;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start({ CAPTURE_BUFFER: "1Mi", MAX_CAPTURES: "30" });
    mallory = await userClient("mallory");
    await node.create("victim", { maxFileSize: "1M", fileCount: 2 });
    await node.until("victim", "running");
    await node.send(PACKETS);
    await node.stop("victim");
    await node.until("victim", "finished");
    await waitUntil("only its files are left", () => node.temporary("victim").length === 0);
    before = victimFiles();
    expect(Object.keys(before)).toHaveLength(2);
  }, 120_000);
  afterAll(() => node?.close());

  /** By name, all bytes as text. */
  function victimFiles(): Record<string, string> {
    const folder = join(node.hostmount, "victim");
    return Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]),
    );
  }

  async function userClient(name: string): Promise<ApiClient> {
    const subject = { kind: "ServiceAccount", name, namespace: "pcapper" };
    await mustKubectl(server(), "create", "serviceaccount", name, "-n", "pcapper");
    const path = join(node.hostmount, "..", `${name}.yaml`);
    writeFileSync(path, await renderChart({ users: [subject] }, ["user/role.yaml"]));
    await mustKubectl(server(), "apply", "-f", path);
    return server().serviceAccountClient("pcapper", name);
  }

  const create = (metadata: object, spec: object, more: object = {}) =>
    mallory.send("POST", capturesPath("pcapper"), {
      apiVersion: "packetcapture.pcapper/v1alpha1",
      kind: "PacketCapture",
      metadata,
      spec,
      ...more,
    });

  /** Runs one to its end with packets of its own. @returns what its files are said to be */
  async function capture(name: string, metadata: object = {}, spec: object = {}): Promise<string> {
    expect((await create({ name, ...metadata }, { ...TARGET, ...spec })).status).toBe(201);
    await node.until(name, "running");
    await node.send(10);
    await mallory.patch(capturesPath("pcapper", name), { spec: { stop: true } });
    const { status } = await node.until(name, "finished");
    expect(status?.statistics).toMatchObject({ packets: 10, dropped: 0 });
    return status?.fileLocation ?? "";
  }

  const prefixOfVictim = () => (Object.keys(before)[0] ?? "").replace(/\.\d+\.pcap$|\.json$/, "");
  const names: [string, () => string][] = [
    ["what the files of the other begin with", prefixOfVictim],
    ["the other's, and an epoch", () => `victim.${prefixOfVictim().split(".").at(-1)}`],
    ["the other's, and a number", () => "victim.00001"],
    ["the other's file", () => `${prefixOfVictim()}.00001.pcap`],
    ["the other's manifest", () => `${prefixOfVictim()}.json`],
    ["the lock of the agent, without its dot", () => "pcapper-agent.lock"],
    [
      "so long that a hash makes it short",
      () => `victim.${"x".repeat(60)}.${"y".repeat(60)}.${"z".repeat(60)}.${"w".repeat(50)}`,
    ],
  ];

  describe.each(names)("by a name, %s", (_what, nameOf) => {
    test("has files of their own only, and their removal takes no other", async () => {
      const name = nameOf();
      expect(await capture(name)).toContain(`/var/pcapper/${name}/`);
      expect(node.files(name).length).toBeGreaterThan(0);
      await mallory.delete(capturesPath("pcapper", name));
      await waitUntil("their files are gone", () => node.files(name).length === 0);
      expect(victimFiles()).toEqual(before);
    });
  });

  test("by annotations, labels, a status and fields that nobody knows has their own only", async () => {
    const location = "/var/pcapper/victim";
    const status = { progress: "finished", node: "worker-01", fileLocation: location };
    const metadata = {
      annotations: { fileLocation: location, "packetcapture.pcapper/folder": "victim" },
      labels: { node: "worker-01", capture: "victim" },
      finalizers: [],
      ownerReferences: [],
    };
    const answer = await create(
      { name: "decorated", ...metadata },
      { ...TARGET, fileLocation: location },
      { status },
    );
    expect(answer.status).toBe(201);
    expect(answer.warnings.join()).toContain("fileLocation");
    expect((await node.until("decorated", "running")).status?.fileLocation ?? "").not.toContain("victim");
    await mallory.patch(capturesPath("pcapper", "decorated"), {
      spec: { stop: true },
      status: { fileLocation: location },
    });
    expect((await node.until("decorated", "finished")).status?.fileLocation ?? "").not.toContain("victim");
    expect(victimFiles()).toEqual(before);
  });

  test.each([
    ["targetInterface", { targetInterface: "../../victim" }],
    ["targetInterface", { targetInterface: "/var/pcapper/victim" }],
    ["targetNode", { targetNode: "../worker-01" }],
    [
      "targetPod",
      { targetNode: undefined, targetInterface: undefined, targetNamespace: "a", targetPod: "../victim" },
    ],
    [
      "targetNamespace",
      { targetNode: undefined, targetInterface: undefined, targetNamespace: "../x", targetPod: "p" },
    ],
  ])("by a path in %s is refused", async (field, changes) => {
    const { status, body } = await create({ name: "path" }, { ...TARGET, ...changes });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain(field);
  });

  test.each(["../victim", "victim/../victim", ".pcapper-agent.lock", "victim\n", "..", "Victim"])(
    "by the name %j is refused",
    async (name) => {
      expect((await create({ name }, TARGET)).status).toBe(422);
    },
  );

  test("by a filter that names a file has an error in libpcap's words", async () => {
    const filters = ["-r /var/pcapper/victim", "-F /etc/passwd", "host `cat /etc/passwd`"];
    for (const [index, filter] of filters.entries()) {
      const name = `filter-${index}`;
      expect((await create({ name }, { ...TARGET, captureFilter: filter })).status).toBe(201);
      const { status } = await node.until(name, "failure");
      expect(status).toMatchObject({ reason: "InvalidFilter" });
      expect(status?.message).not.toContain("root:");
    }
  });

  test("may write no status", async () => {
    const path = `${capturesPath("pcapper", "victim")}/status`;
    const answer = await mallory.send(
      "PATCH",
      path,
      { status: { message: "mine" } },
      "application/merge-patch+json",
    );
    expect(answer.status).toBe(403);
    expect(victimFiles()).toEqual(before);
  });

  test("who gathers by a name gets that name's folder and no other", async () => {
    mkdirSync(join(node.hostmount, "victim.bak"));
    const list = (name: string) =>
      execute([LAUNCHER, "export", "list", "--hostmount", node.hostmount, "--", name]);
    for (const name of ["victim", "victi", "victim.bak"]) {
      const { captures } = JSON.parse((await list(name)).stdout) as ExportList;
      expect(captures.map(({ folder }) => folder)).toEqual(name === "victim" ? ["victim"] : []);
    }
    for (const name of ["./victim", "../hostmount/victim", "victim/", "vic*", "-victim"]) {
      expect(await list(name)).toMatchObject({ code: 2, stdout: "" });
    }
  });

  test("cannot have a name whose short form is that of another", () => {
    const long = (end: string) => `${"a".repeat(250)}${end}`;
    expect(captureFilePrefix("worker-01", long("b"), 1)).not.toBe(
      captureFilePrefix("worker-01", long("c"), 1),
    );
  });
});
