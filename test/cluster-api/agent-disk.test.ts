import { readdirSync, rmSync, statfsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute, mustExecute } from "../helpers/execute.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const MEGABYTE = 1_000_000;
const SPEC = { maxFileSize: "4M", fileCount: 2, captureFilter: "udp" };

describeAsRoot("an agent whose disk or interface fails", () => {
  let disk: TemporaryFolder;
  let node: OneNode;

  beforeAll(async () => {
    disk = makeTemporaryFolder();
    await mustExecute(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk.path]);
    node = await makeOneNode(server(), disk);
    await node.start({ MIN_FREE_DISK: "0" });
  });
  afterEach(() => rmSync(filler(), { force: true }));
  afterAll(async () => {
    await execute(["umount", "--lazy", disk.path]);
    await node?.close();
  });

  const filler = () => join(node.hostmount, "filler");

  /** What a neighbour on the same disk may do. */
  async function fillUntilFree(bytes: number): Promise<void> {
    const { bavail, bsize } = statfsSync(node.hostmount);
    const script = 'head -c "$1" /dev/zero > "$2" 2> /dev/null || true';
    await execute([
      "sh",
      "-c",
      script,
      "sh",
      String(bavail * bsize - bytes + (bytes === 0 ? MEGABYTE : 0)),
      filler(),
    ]);
  }

  async function running(name: string): Promise<void> {
    await node.create(name, SPEC);
    await node.until(name, "running");
    await node.send(100);
    await waitUntil("100 packets are published", () => node.published(name) >= 100);
  }

  test("no room: DiskFull, and what the status counts is in the files", async () => {
    await running("full");
    await fillUntilFree(0);
    await node.send(40_000);
    const { status } = await node.until("full", "failure");
    expect(status).toMatchObject({
      reason: "DiskFull",
      fileLocation: expect.stringContaining("/var/pcapper/full"),
    });
    expect(status?.statistics?.packets).toBeGreaterThanOrEqual(100);
    expect(await node.packets("full")).toBe(status?.statistics?.packets);
    expect(await node.events("full", 3)).toEqual(["DiskFull", "Running", "Scheduled"]);
    await waitUntil("nothing temporary is left", () => node.temporary("full").length === 0);
  });

  test("a folder that is a link: WriteError, and nothing is written where it leads", async () => {
    const elsewhere = makeTemporaryFolder();
    symlinkSync(elsewhere.path, join(node.hostmount, "linked"));
    await node.create("linked", SPEC);
    const { status } = await node.until("linked", "failure");
    expect(status).toMatchObject({ reason: "WriteError" });
    expect(status?.message).toContain("symbolic link");
    expect(status?.fileLocation).toBeUndefined();
    expect(readdirSync(elsewhere.path)).toEqual([]);
    elsewhere.remove();
  });

  test("a file being written is removed by somebody: WriteError", async () => {
    await running("taken");
    for (const path of node.files("taken")) rmSync(path);
    await node.stop("taken");
    expect((await node.until("taken", "failure")).status).toMatchObject({ reason: "WriteError" });
    expect(await node.events("taken", 3)).toEqual(["Running", "Scheduled", "WriteError"]);
  });

  test("an interface that libpcap takes for a source of its own: CaptureError", async () => {
    await node.link.near.run("ip", "link", "add", "nflog", "type", "veth", "peer", "name", "peer0");
    await node.link.near.run("ip", "link", "set", "nflog", "up");
    await node.create("own-source", { ...SPEC, targetInterface: "nflog" });
    const { status } = await node.until("own-source", "failure");
    expect(status).toMatchObject({ reason: "CaptureError" });
    expect(status?.message).toContain("nflog: libpcap has a source of its own of this name");
    expect(await node.events("own-source", 2)).toEqual(["CaptureError", "Scheduled"]);
  });

  test("a neighbour leaves less than MIN_FREE_DISK: DiskPressure, and the files are kept", async () => {
    await node.end("SIGTERM");
    await node.start({ MIN_FREE_DISK: "20M" });
    await running("pressed");
    await fillUntilFree(19 * MEGABYTE);
    const { status } = await node.until("pressed", "failure");
    expect(status).toMatchObject({ reason: "DiskPressure", statistics: { packets: 100, dropped: 0 } });
    expect(status?.message).toContain("20 MB must stay free (MIN_FREE_DISK is 20 MB)");
    expect(await node.packets("pressed")).toBe(100);
    expect(await node.events("pressed", 3)).toEqual(["DiskPressure", "Running", "Scheduled"]);
  });
});
