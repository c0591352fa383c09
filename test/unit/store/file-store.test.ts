import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";
import { keyOf, StatusConflict } from "../../../src/store/capture-store.ts";
import { type CapturePlace, openPlace } from "../../../src/store/files/capture-place.ts";
import { replaceFile, replaceFromReserve, reserveRoom } from "../../../src/store/files/durable.ts";
import { createFileStore } from "../../../src/store/files/file-store.ts";
import { createFakeNative } from "../agent/fake-native.ts";

let output: string;
beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), "pcapper-store-"));
});
afterEach(() => rmSync(output, { recursive: true }));

const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: "pcap1", namespace: "default", resourceVersion: "1" },
  spec: { targetNode: "localhost", targetInterface: "eth0" },
};
const place = (epochSeconds: number) =>
  openPlace(createFakeNative(), output, { node: "n", name: "pcap1", epochSeconds });

test("what was written is what is read", async () => {
  const store = createFileStore(() => undefined);
  store.add(CAPTURE, place(1));
  await store.writeStatus(CAPTURE, { progress: "scheduled", node: "n" });
  expect(await store.read(keyOf(CAPTURE))).toMatchObject({
    metadata: { resourceVersion: "2" },
    status: { node: "n" },
  });
  await store.close();
});

test("a status decided on an old version is refused", async () => {
  const store = createFileStore(() => undefined);
  store.add(CAPTURE, place(1));
  await store.writeStatus(CAPTURE, { progress: "scheduled", node: "n" });
  await expect(store.writeStatus(CAPTURE, { progress: "running" })).rejects.toThrow(StatusConflict);
  await store.close();
});

test("a capture nobody added is not there", async () => {
  const store = createFileStore(() => undefined);
  expect(await store.read(keyOf(CAPTURE))).toBeUndefined();
  await expect(store.writeStatus(CAPTURE, {})).rejects.toThrow(StatusConflict);
});

test("a name that is taken, by a file or by a lock, means the next second", () => {
  const first = place(1);
  expect(first.prefix).toBe("n.pcap1.1");
  writeFileSync(join(output, "pcap1", "n.pcap1.2.00001.pcap"), "");
  expect(place(1).prefix).toBe("n.pcap1.3");
  first.close();
  expect(place(1).prefix).toBe("n.pcap1.1");
});

test("the name of another capture with more digits takes nothing", () => {
  place(10);
  expect(place(1).prefix).toBe("n.pcap1.1");
});

test("the reserve has real bytes, is overwritten in place and cut", async () => {
  const [path, reserve] = [join(output, "status"), join(output, ".reserve")];
  await reserveRoom(reserve, 65_536);
  expect(statSync(reserve).blocks * 512).toBeGreaterThanOrEqual(65_536);
  const { ino } = statSync(reserve);
  await replaceFromReserve(path, reserve, "last words");
  expect(readFileSync(path, "utf8")).toBe("last words");
  expect(statSync(path).ino).toBe(ino);
  expect(readdirSync(output)).toEqual(["status"]);
});

test("replacing leaves one whole file of mode 0640 and no draft", async () => {
  const path = join(output, "status");
  await replaceFile(path, join(output, ".draft"), "one");
  await replaceFile(path, join(output, ".draft"), "two");
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(output)).toEqual(["status"]);
});

describe("a folder that cannot be written any more", () => {
  const events: string[] = [];
  const finish = async (capturePlace: CapturePlace) => {
    const store = createFileStore((_capture, { reason }) => void events.push(reason));
    store.add(CAPTURE, capturePlace);
    const scheduled = await store.writeStatus(CAPTURE, { progress: "scheduled" });
    const ended = await store.writeStatus(scheduled, { progress: "finished", reason: "Stopped" });
    return { ended, notKept: await store.close() };
  };
  beforeEach(() => {
    events.length = 0;
  });

  test("keeps no status from being known, and it is said once while running and at the end", async () => {
    const gone = place(1);
    rmSync(gone.folder, { recursive: true });
    const { ended, notKept } = await finish(gone);
    expect(ended.status).toMatchObject({ progress: "finished" });
    expect(events).toEqual(["StatusNotKept"]);
    expect(notKept).toMatchObject([{ code: "WriteError", message: expect.stringContaining("ENOENT") }]);
  });

  test("as in /proc, where nobody can make a file, is no exception either", async () => {
    const readOnly = {
      folder: "/proc/self",
      prefix: "n.p.1",
      promise: () => undefined,
      close: () => undefined,
    };
    expect((await finish(readOnly)).notKept).toHaveLength(1);
  });

  test("releases all locks, also where a hidden file cannot be removed", async () => {
    const native = createFakeNative();
    const held = openPlace(native, output, { node: "n", name: "pcap1", epochSeconds: 1 });
    mkdirSync(join(held.folder, `.${held.prefix}.status.reserve`));
    expect((await finish(held)).notKept).toEqual([]);
    expect(native.held.size).toBe(0);
    expect(existsSync(join(held.folder, `.${held.prefix}.lock`))).toBe(false);
  });

  test("does not keep its lock", () => {
    const native = createFakeNative();
    const held = openPlace(native, output, { node: "n", name: "pcap1", epochSeconds: 1 });
    rmSync(held.folder, { recursive: true });
    held.close();
    expect(native.held.size).toBe(0);
  });
});

describe("a link in place of a hidden file", () => {
  const mine = () => join(output, "mine");
  const link = (kind: (target: string, path: string) => void, name: string) => {
    writeFileSync(mine(), "mine");
    kind(mine(), join(output, name));
  };

  test.each([["symbolic", symlinkSync] as const, ["hard", linkSync] as const])(
    "is not written through (%s)",
    async (_name, kind) => {
      link(kind, ".draft");
      await replaceFile(join(output, "status"), join(output, ".draft"), "new");
      kind(mine(), join(output, ".reserve"));
      await reserveRoom(join(output, ".reserve"), 100);
      rmSync(join(output, ".reserve"));
      kind(mine(), join(output, ".reserve"));
      await expect(
        replaceFromReserve(join(output, "status"), join(output, ".reserve"), "x"),
      ).rejects.toThrow();
      expect(readFileSync(mine(), "utf8")).toBe("mine");
      expect(readFileSync(join(output, "status"), "utf8")).toBe("new");
    },
  );

  test("keeps a promise from being written", () => {
    const held = place(1);
    const lock = join("pcap1", `.${held.prefix}.lock`);
    rmSync(join(output, lock));
    link(symlinkSync, lock);
    expect(() => held.promise({ worstCase: 1, ring: 1 })).toThrow(/ELOOP/);
    expect(readFileSync(mine(), "utf8")).toBe("mine");
  });
});
