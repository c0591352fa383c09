import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bootId } from "../../../src/boot-id.ts";
import { recoverAll, recoverDead } from "../../../src/store/files/recovery.ts";
import { createFakeNative, type FakeNative } from "../agent/fake-native.ts";

const PREFIX = "n.pcap1.1";
const SPEC = { targetNode: "localhost", targetInterface: "eth0" };
const WHOLE = {
  name: `${PREFIX}.00001.pcap`,
  number: 1,
  packets: 10,
  bytes: 1184,
  firstTimestamp: "2026-11-24T20:00:01.000000000Z",
  lastTimestamp: "2026-11-24T20:00:09.000000000Z",
};
const CURRENT = { ...WHOLE, name: `${PREFIX}.00002.pcap.part`, number: 2, packets: 4, bytes: 488 };

let output: string;
let folder: string;
let native: FakeNative;
let said: string[];

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), "pcapper-recovery-"));
  folder = join(output, "pcap1");
  mkdirSync(folder);
  native = createFakeNative();
  said = [];
});
afterEach(() => rmSync(output, { recursive: true }));

const inFolder = (name: string) => join(folder, name);
const write = (name: string, content: string) => writeFileSync(inFolder(name), content);
const read = (name: string) => JSON.parse(readFileSync(inFolder(name), "utf8"));
const recover = () => recoverAll(native, output, (line) => said.push(line));

function manifest(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    manifest: "pcapper/v1",
    capture: { cluster: "", namespace: "default", name: "pcap1", uid: "u-1", node: "n", spec: SPEC },
    interface: { name: "eth0", index: 2, linkType: "EN10MB" },
    startTime: "2026-11-24T20:00:00.123456789Z",
    reservedThrough: 64,
    files: [WHOLE],
    current: CURRENT,
    removed: { files: 1, packets: 5 },
    statistics: {
      packets: 19,
      bytes: 1900,
      files: 2,
      filesRemoved: 1,
      dropped: 2,
      droppedByKernel: 2,
      droppedByInterface: 0,
      droppedOnWrite: 0,
    },
    gaps: [],
    ...changes,
  };
}

function deadCapture(changes: Record<string, unknown> = {}): void {
  write(`${PREFIX}.json`, JSON.stringify(manifest(changes)));
  write(`.${PREFIX}.lock`, "");
  write(WHOLE.name, "x".repeat(WHOLE.bytes));
  write(CURRENT.name, "x".repeat(700));
  native.recovered.set(inFolder(CURRENT.name), { packets: 6, bytes: 620, cutBytes: 80 });
}

describe("a capture whose process died", () => {
  test("is ended in manifest and status, with the files as they are now", async () => {
    deadCapture();
    expect(await recover()).toBe(1);
    const { finished, files, current, statistics } = read(`${PREFIX}.json`);
    expect(finished).toMatchObject({ reason: "Interrupted" });
    expect(finished.message).toContain("80 bytes after the last whole packet were cut off");
    expect(current).toBeUndefined();
    expect(files).toMatchObject([WHOLE, { name: `${PREFIX}.00002.pcap`, number: 2, packets: 6 }]);
    expect(statistics).toMatchObject({ packets: 21, files: 2, filesRemoved: 1, droppedByKernel: 2 });
    expect(read(`${PREFIX}.status.json`)).toMatchObject({
      metadata: { name: "pcap1", namespace: "default", uid: "u-1" },
      status: { progress: "failure", reason: "Interrupted", node: "n", fileLocation: folder },
    });
    expect(said).toHaveLength(1);
  });

  test("whose newest file has lost all its packets counts neither them nor their bytes", async () => {
    const listed = { ...CURRENT, packets: 6, bytes: 24 + 6 * (16 + 100) };
    deadCapture({ current: listed });
    const before = manifest().statistics as { bytes: number };
    native.recovered.set(inFolder(CURRENT.name), { packets: 0, bytes: 24, cutBytes: 10 });
    await recover();
    const { statistics, removed } = read(`${PREFIX}.json`);
    expect(statistics).toMatchObject({ packets: removed.packets + WHOLE.packets, bytes: before.bytes - 600 });
  });

  test.each([
    ["since this machine started: what it has published is not read again", bootId(), CURRENT],
    ["before this machine started: all of it is read", "another", undefined],
    ["at an unknown time: all of it is read", undefined, undefined],
  ])("%s", async (_when, boot, known) => {
    const capture = { cluster: "", namespace: "default", name: "pcap1", uid: "u-1", node: "n", spec: SPEC };
    deadCapture({ capture: { ...capture, boot } });
    const repaired = vi.spyOn(native, "recoverFile");
    await recover();
    expect(repaired.mock.calls).toEqual([[inFolder(CURRENT.name), known]]);
  });

  test("keeps bytes of removed files in its sum", async () => {
    deadCapture();
    await recover();
    const kept = 1184 - 24 - 160 + (620 - 24 - 96);
    const removed = 1900 - (1184 - 24 - 160) - (488 - 24 - 64);
    expect(read(`${PREFIX}.json`).statistics.bytes).toBe(kept + removed);
  });

  test("is repaired once", async () => {
    deadCapture();
    await recover();
    const before = readdirSync(folder).map((name) => [name, readFileSync(inFolder(name), "utf8")]);
    expect(await recover()).toBe(0);
    expect(readdirSync(folder).map((name) => [name, readFileSync(inFolder(name), "utf8")])).toEqual(before);
  });

  test("leaves nothing hidden behind", async () => {
    deadCapture();
    for (const name of ["status.reserve", "json.reserve", "json.tmp", "00003.pcap.next"])
      write(`.${PREFIX}.${name}`, "x");
    await recover();
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("a file opened ahead that has packets already is made whole and counted", async () => {
    deadCapture();
    const next = `.${PREFIX}.00003.pcap.next`;
    write(next, "x".repeat(90));
    native.recovered.set(inFolder(next), { packets: 1, bytes: 90 });
    await recover();
    const { files, statistics } = read(`${PREFIX}.json`);
    expect(files.at(-1)).toMatchObject({ name: `${PREFIX}.00003.pcap`, number: 3, packets: 1 });
    expect(statistics).toMatchObject({ packets: 22, files: 3 });
  });

  test("keeps what its own status said before", async () => {
    deadCapture();
    const status = { progress: "running", node: "n", scheduledTime: "2026-11-24T19:59:59Z" };
    const resource = {
      apiVersion: "v",
      kind: "PacketCapture",
      metadata: { name: "pcap1", labels: { a: "b" } },
      spec: SPEC,
      status,
    };
    write(`${PREFIX}.status.json`, JSON.stringify(resource));
    await recover();
    expect(read(`${PREFIX}.status.json`)).toMatchObject({
      metadata: { labels: { a: "b" } },
      status: { progress: "failure", scheduledTime: "2026-11-24T19:59:59Z" },
    });
  });

  test("before it had a manifest ends without files", async () => {
    const status = { progress: "scheduled", node: "n" };
    const resource = {
      apiVersion: "v",
      kind: "PacketCapture",
      metadata: { name: "pcap1" },
      spec: SPEC,
      status,
    };
    write(`${PREFIX}.status.json`, JSON.stringify(resource));
    write(`.${PREFIX}.lock`, "");
    expect(await recover()).toBe(1);
    expect(read(`${PREFIX}.status.json`).status).toMatchObject({
      progress: "failure",
      reason: "Interrupted",
    });
  });

  test("after its own end keeps that end", async () => {
    deadCapture({
      finished: { reason: "TimeElapsed", message: "", time: "2026-11-24T20:10:00Z" },
      current: undefined,
    });
    await recover();
    expect(read(`${PREFIX}.status.json`).status).toMatchObject({
      progress: "finished",
      reason: "TimeElapsed",
    });
  });

  test("without its lock is found by the thorough look only", async () => {
    deadCapture();
    rmSync(inFolder(`.${PREFIX}.lock`));
    expect(await recoverDead(native, output, (line) => said.push(line))).toBe(0);
    expect(await recover()).toBe(1);
  });

  test("counts a listed file that is gone as removed", async () => {
    deadCapture();
    rmSync(inFolder(WHOLE.name));
    await recover();
    expect(read(`${PREFIX}.json`)).toMatchObject({
      removed: { files: 2, packets: 15 },
      statistics: { packets: 21 },
    });
  });
});

describe("what is never touched", () => {
  test("a capture that another process runs", async () => {
    deadCapture();
    native.held.add(inFolder(`.${PREFIX}.lock`));
    expect(await recover()).toBe(0);
    expect(read(`${PREFIX}.json`)).not.toHaveProperty("finished");
    expect(existsSync(inFolder(`.${PREFIX}.lock`))).toBe(true);
  });

  test("files of a stranger", async () => {
    deadCapture({ reservedThrough: 2 });
    const strangers = [
      `${PREFIX}.00003.pcap`,
      `${PREFIX}.00003.pcap.part`,
      "n.pcap1.10.00001.pcap.part",
      "notes.json",
      ".hidden.reserve",
    ];
    for (const name of strangers) write(name, "mine");
    await recover();
    for (const name of strangers) expect(readFileSync(inFolder(name), "utf8")).toBe("mine");
    expect(read(`${PREFIX}.status.json`).status.conditions).toContainEqual(
      expect.objectContaining({ type: "FilesAvailable", message: "Files on the node: 2." }),
    );
    const skipped = said.filter((line) => line.includes("numbers of this capture end at 2"));
    expect(skipped.map((line) => line.split(": ")[0]).sort()).toEqual(strangers.slice(0, 2).map(inFolder));
  });

  test("a stranger's file of a reserved number, told by what it holds", async () => {
    deadCapture();
    const strangers = [`${PREFIX}.00003.pcap`, `${PREFIX}.00004.pcap`];
    for (const name of strangers) write(name, "somebody's notes, no capture");
    write(strangers[1] ?? "", "");
    for (const name of strangers) {
      native.recovered.set(inFolder(name), {
        packets: 0,
        bytes: 0,
        cutBytes: name === strangers[0] ? 28 : 0,
      });
    }
    await recover();
    expect(read(`${PREFIX}.json`).files.map(({ name }: { name: string }) => name)).toEqual([
      WHOLE.name,
      `${PREFIX}.00002.pcap`,
    ]);
    expect(said.filter((line) => line.includes("no whole capture file"))).toHaveLength(2);
    expect(read(`${PREFIX}.status.json`).status.conditions).toContainEqual(
      expect.objectContaining({ type: "FilesAvailable", message: "Files on the node: 2." }),
    );
    expect(readFileSync(inFolder(strangers[0] ?? ""), "utf8")).toBe("somebody's notes, no capture");
  });

  test("a file opened ahead that holds something, where the manifest cannot be used", async () => {
    deadCapture();
    write(`${PREFIX}.json`, "");
    write(`.${PREFIX}.00003.pcap.next`, "x".repeat(90));
    await recover();
    expect(existsSync(inFolder(`.${PREFIX}.00003.pcap.next`))).toBe(true);
    expect(said.join()).toContain("its 3 packet files were left as they are");
  });

  test("what a stranger calls a lock", async () => {
    write(".mine.lock", "mine");
    write(".n.p.1.lock", "x".repeat(5000));
    expect(await recover()).toBe(0);
    expect(readdirSync(folder)).toEqual([".mine.lock", ".n.p.1.lock"]);
  });

  test("a capture whose lock cannot be tried, and that is said", async () => {
    deadCapture();
    native.tryLock = () => {
      throw new Error("Read-only file system");
    };
    expect(await recover()).toBe(0);
    expect(said.join()).toContain("skipped: Read-only file system");
  });

  test("what a symbolic link points to", async () => {
    deadCapture();
    rmSync(inFolder(CURRENT.name));
    write("target", "secret");
    symlinkSync(inFolder("target"), inFolder(CURRENT.name));
    await recover();
    expect(readFileSync(inFolder("target"), "utf8")).toBe("secret");
    expect(said.join()).toContain("it is not a plain file");
  });

  test("a folder that is a symbolic link", async () => {
    deadCapture();
    symlinkSync(folder, join(output, "link"));
    expect(await recover()).toBe(1);
  });

  test("a manifest that is a symbolic link", async () => {
    deadCapture();
    rmSync(inFolder(`${PREFIX}.json`));
    write("target", JSON.stringify(manifest()));
    symlinkSync(inFolder("target"), inFolder(`${PREFIX}.json`));
    expect(await recover()).toBe(0);
    expect(said.join()).toContain("symbolic link");
  });
});

describe("manifests that a crash or a stranger left", () => {
  test.each([
    ["", "not whole JSON"],
    ['{"manifest":"pcapper/v1"', "not whole JSON"],
    ["null", "no manifest"],
    ["[]", "no manifest"],
    ['{"manifest":"pcapper/v2"}', "no manifest"],
    [JSON.stringify({ manifest: "pcapper/v1" }), "whose capture"],
    [JSON.stringify(manifest({ files: {} })), "list of files"],
    [JSON.stringify(manifest({ files: [null] })), "list of files"],
    [JSON.stringify(manifest({ reservedThrough: -1 })), "list of files"],
    [JSON.stringify(manifest({ current: 5 })), "current file"],
    [JSON.stringify(manifest({ removed: null })), "counters"],
    [JSON.stringify(manifest({ statistics: { packets: "many" } })), "counters"],
    [JSON.stringify(manifest({ finished: true })), "end"],
  ])("%s is skipped, and said so", async (text, why) => {
    deadCapture();
    write(`${PREFIX}.json`, text);
    await recover();
    expect(said.join()).toContain(why);
    expect(readFileSync(inFolder(CURRENT.name), "utf8")).toBe("x".repeat(700));
  });

  test("cut at any byte, nothing throws and no packet file is touched", async () => {
    const text = JSON.stringify(manifest());
    for (let length = 0; length < text.length; length += 7) {
      deadCapture();
      write(`${PREFIX}.json`, text.slice(0, length));
      await recover();
      expect(readFileSync(inFolder(CURRENT.name), "utf8")).toBe("x".repeat(700));
    }
  });

  test("a torn status does not keep a good manifest from being repaired", async () => {
    deadCapture();
    write(`${PREFIX}.status.json`, '{"apiVersion":');
    expect(await recover()).toBe(1);
    expect(read(`${PREFIX}.status.json`).status.reason).toBe("Interrupted");
  });

  test("a spec that makes no sense is no reason to stop", async () => {
    const capture = {
      namespace: "default",
      name: "pcap1",
      uid: "u",
      node: "n",
      spec: { maxFileSize: "lots" },
    };
    deadCapture({ capture });
    await expect(recover()).resolves.toBe(0);
    expect(said.join()).toContain("maxFileSize is lots");
  });

  test("a file the engine cannot repair is left, and said so", async () => {
    deadCapture();
    native.recovered.clear();
    await recover();
    expect(said.join()).toContain(`${CURRENT.name}: skipped`);
    expect(existsSync(inFolder(CURRENT.name))).toBe(true);
    // Not listed, and left all the same: people are told where.
    expect(read(`${PREFIX}.status.json`).status).toMatchObject({ fileLocation: folder });
  });
});
