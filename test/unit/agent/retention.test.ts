import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRetention, type RetentionWorld } from "../../../src/agent/retention/retention.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";
import { KubernetesError } from "../../../src/kubernetes/api.ts";
import { StatusConflict } from "../../../src/store/capture-store.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { createFakeNative, type FakeNative } from "./fake-native.ts";

const EPOCH = Date.parse("2026-01-01T00:00:00Z") / 1000;
const DAY = 86_400_000;
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/packetcaptures.packetcapture.pcapper";
const NAMESPACE = "/api/v1/namespaces/pcapper";
const OLD = new Date("2025-06-01T00:00:00Z").toISOString();

let folder: TemporaryFolder;
let objects: Map<string, unknown>;
let atWork: Set<string>;
let statuses: PacketCapture["status"][];
let events: string[];
let known: PacketCapture | undefined;
let reads: string[];
let native: FakeNative;
let world: RetentionWorld;

beforeEach(() => {
  folder = makeTemporaryFolder();
  objects = new Map<string, unknown>([
    [
      CRD,
      {
        metadata: { name: "crd", creationTimestamp: OLD },
        status: { conditions: [{ type: "Established", status: "True" }] },
      },
    ],
    [NAMESPACE, { metadata: { name: "pcapper", creationTimestamp: OLD }, status: { phase: "Active" } }],
  ]);
  atWork = new Set();
  statuses = [];
  events = [];
  known = undefined;
  reads = [];
  native = createFakeNative();
  world = {
    native,
    known: () => known,
    api: {
      get: async <T>(path: string) => {
        reads.push(path);
        const found = objects.get(path);
        if (found instanceof Error) throw found;
        return found as T | undefined;
      },
    },
    store: {
      writeStatus: async (decidedOn, status) => {
        statuses.push(status);
        return { ...decidedOn, status };
      },
      recordEvent: (_capture, { reason }) => void events.push(reason),
    },
    hostmount: folder.path,
    node: "node-1",
    cluster: "this-cluster",
    deleteOlderThan: 2 * 86_400,
    isAtWork: (uid) => atWork.has(uid),
    now: () => EPOCH * 1000 + 3_600_000,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
      open: async () => undefined,
    },
  };
});

afterEach(() => folder.remove());

const path = (...names: string[]): string => join(folder.path, ...names);
const sweep = (): Promise<void> => createRetention(world).sweep();

function put(file: string, text = "packets"): void {
  mkdirSync(join(path(file), ".."), { recursive: true });
  writeFileSync(path(file), text);
}

function manifestOf(capture: object, more: object = {}, prefix = PREFIX): string {
  const file = { packets: 1, bytes: 7, firstTimestamp: "", lastTimestamp: "" };
  return JSON.stringify({
    manifest: "pcapper/v1",
    capture: {
      cluster: "this-cluster",
      namespace: "pcapper",
      name: "pcap1",
      uid: "u1",
      node: "node-1",
      spec: {},
      ...capture,
    },
    reservedThrough: 64,
    files: [1, 2].map((number) => ({ ...file, name: `${prefix}.0000${number}.pcap`, number })),
    removed: { files: 0, packets: 0 },
    statistics: {},
    finished: { reason: "TimeElapsed", message: "", time: new Date(EPOCH * 1000).toISOString() },
    ...more,
  });
}

const PREFIX = `node-1.pcap1.${EPOCH}`;

/** A capture's files; @returns its names. */
function keep(capture: object = {}, more: object = {}, prefix = PREFIX, home = "pcap1"): string[] {
  put(`${home}/${prefix}.00001.pcap`);
  put(`${home}/${prefix}.00002.pcap`);
  put(`${home}/${prefix}.json`, manifestOf(capture, more, prefix));
  return [`${prefix}.00001.pcap`, `${prefix}.00002.pcap`, `${prefix}.json`];
}

function resource(status: PacketCapture["status"] = { progress: "finished" }, uid = "u1"): PacketCapture {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: "pcap1", namespace: "pcapper", uid, resourceVersion: "1" },
    spec: {},
    status,
  };
}

const CAPTURE = `/apis/${API_VERSION}/namespaces/pcapper/packetcaptures/pcap1`;

describe("a deleted capture", () => {
  test("leaves nothing: packets, parts, hidden files, manifest and folder", async () => {
    keep({}, { finished: undefined });
    put(`pcap1/${PREFIX}.00003.pcap.part`);
    put(`pcap1/.${PREFIX}.00004.pcap.next`);
    put(`pcap1/.${PREFIX}.json.reserve`);
    put(`pcap1/.${PREFIX}.lock`);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("whose lock somebody holds is left alone until it is free", async () => {
    const names = keep();
    const lock = path("pcap1", `.${PREFIX}.lock`);
    native.held.add(lock);
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
    native.held.delete(lock);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
    expect([...native.held]).toEqual([]);
  });

  test("leaves nothing on a disk that has no room for its lock", async () => {
    keep();
    world.native = {
      tryLock: () => {
        throw Object.assign(new Error("No space left on device"), { code: "DiskFull" });
      },
    };
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("takes no stranger's file, and leaves the folder for it", async () => {
    keep();
    const strangers = [
      "notes.txt",
      `${PREFIX}.00065.pcap`,
      `${PREFIX}.00001.pcap.gz`,
      `${PREFIX}.bak`,
      `other.pcap1.${EPOCH}.00001.pcap`,
    ];
    for (const name of strangers) put(`pcap1/${name}`);
    await sweep();
    expect(readdirSync(path("pcap1")).sort()).toEqual(strangers.sort());
  });

  test("that has ended has listed its files: one of a number it had reserved is a stranger's", async () => {
    keep();
    const strangers = [`${PREFIX}.00003.pcap`, `${PREFIX}.00002.pcap.part`, `.${PREFIX}.00004.pcap.next`];
    for (const name of strangers) put(`pcap1/${name}`);
    await sweep();
    expect(readdirSync(path("pcap1")).sort()).toEqual(strangers.sort());
  });

  test("that was ended without a look at its files loses those of its reserved numbers", async () => {
    const file = { packets: 1, bytes: 7, firstTimestamp: "", lastTimestamp: "" };
    keep({}, { current: { ...file, name: `${PREFIX}.00003.pcap.part`, number: 3 } });
    put(`pcap1/${PREFIX}.00003.pcap`);
    put(`pcap1/${PREFIX}.00004.pcap.part`);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("takes nothing through a symbolic link, and no folder", async () => {
    keep();
    put("elsewhere/evidence.pcap");
    symlinkSync(path("elsewhere/evidence.pcap"), path(`pcap1/${PREFIX}.00005.pcap`));
    mkdirSync(path(`pcap1/${PREFIX}.00006.pcap`));
    await sweep();
    expect(existsSync(path("elsewhere/evidence.pcap"))).toBe(true);
    expect(readdirSync(path("pcap1")).sort()).toEqual([`${PREFIX}.00005.pcap`, `${PREFIX}.00006.pcap`]);
  });

  test("whose folder is a symbolic link keeps its files", async () => {
    const names = keep({}, {}, PREFIX, "real/pcap1");
    symlinkSync(path("real/pcap1"), path("pcap1"));
    await sweep();
    expect(readdirSync(path("real/pcap1"))).toEqual(names);
  });

  test("keeps the files of a manifest that names a path", async () => {
    put("precious.pcap");
    const times = { firstTimestamp: "", lastTimestamp: "" };
    const file = { name: "../precious.pcap", number: 1, packets: 1, bytes: 7, ...times };
    keep({}, { finished: undefined, files: [file] });
    await sweep();
    expect(readdirSync(folder.path)).toEqual(["precious.pcap"]);
  });

  test("that was created anew under its name loses the old files only", async () => {
    keep();
    const kept = keep({ uid: "u2" }, {}, `node-1.pcap1.${EPOCH + 5}`);
    objects.set(CAPTURE, resource({ progress: "running" }, "u2"));
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(kept);
  });

  test("that is still at work here is left alone until it has ended", async () => {
    const names = keep();
    atWork.add("u1");
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test("is looked at soon after a hint, and again until it has ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      keep();
      keep({ uid: "u2", name: "pcap2" }, {}, `node-1.pcap2.${EPOCH}`, "pcap2");
      atWork.add("u1");
      const retention = createRetention(world);
      retention.deleted("u1");
      await vi.advanceTimersByTimeAsync(1000);
      atWork.clear();
      await vi.waitFor(async () => {
        await vi.advanceTimersByTimeAsync(5000);
        expect(readdirSync(folder.path)).toEqual(["pcap2"]);
      });
      retention.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("files stay", () => {
  const terminating = { metadata: { name: "x", creationTimestamp: OLD, deletionTimestamp: OLD } };
  const reborn = { metadata: { name: "x", creationTimestamp: new Date((EPOCH + 60) * 1000).toISOString() } };
  const established = { status: { conditions: [{ type: "Established", status: "True" }] } };
  const refused = (status: number) => new KubernetesError("refused", { status });

  test.each<[string, string, unknown]>([
    ["the capture is there", CAPTURE, resource()],
    ["the CRD is gone", CRD, undefined],
    ["the CRD is being deleted", CRD, { ...terminating, ...established }],
    ["the CRD is not established", CRD, { metadata: { name: "x", creationTimestamp: OLD } }],
    ["the CRD was deleted and made anew", CRD, { ...reborn, ...established }],
    ["the namespace is gone", NAMESPACE, undefined],
    ["the namespace is being deleted", NAMESPACE, { ...terminating, status: { phase: "Terminating" } }],
    ["the namespace was deleted and made anew", NAMESPACE, { ...reborn, status: { phase: "Active" } }],
    ["an empty answer stands for the namespace", NAMESPACE, { metadata: {} }],
    ["the API is away", CAPTURE, refused(0)],
    ["the API fails", CAPTURE, refused(503)],
    ["the API of captures is missing", CAPTURE, refused(404)],
    ["captures may not be read", CAPTURE, refused(403)],
    ["the CRD may not be read", CRD, refused(403)],
    ["the namespace may not be read", NAMESPACE, refused(403)],
  ])("where %s", async (_what, place, answer) => {
    const names = keep();
    objects.set(place, answer);
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test.each<[string, () => void]>([
    ["is another cluster's", () => keep({ cluster: "other" })],
    ["is of `pcapper run`, without a cluster", () => keep({ cluster: undefined })],
    ["says another name than its folder", () => keep({ name: "pcap2" })],
    ["is a copy under another name", () => keep({}, {}, "backup")],
    ["is torn", () => put(`pcap1/${PREFIX}.json`, manifestOf({}).slice(0, 200))],
    ["is of a stranger", () => put(`pcap1/${PREFIX}.json`, '{"capture":{}}')],
    ["is of another version", () => keep({}, { manifest: "pcapper/v9" })],
    [
      "is a symbolic link",
      () => {
        put("real.json", manifestOf({}));
        mkdirSync(path("pcap1"));
        symlinkSync(path("real.json"), path(`pcap1/${PREFIX}.json`));
      },
    ],
  ])("where the manifest %s", async (_what, prepare) => {
    prepare();
    put(`pcap1/${PREFIX}.00001.pcap`);
    const before = readdirSync(path("pcap1"));
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(before);
  });
});

describe("files older than DELETE_OLDER_THAN", () => {
  const later = (days: number): void => {
    world.now = () => EPOCH * 1000 + days * DAY;
  };
  const FINISHED: PacketCapture["status"] = {
    progress: "finished",
    node: "node-1",
    fileLocation: "/var/pcapper/pcap1",
    conditions: [
      { type: "Complete", status: "True", reason: "TimeElapsed", message: "", lastTransitionTime: OLD },
      { type: "FilesAvailable", status: "True", reason: "FilesKept", message: "", lastTransitionTime: OLD },
    ],
  };

  test("are removed, and the capture says so", async () => {
    keep();
    objects.set(CAPTURE, resource(FINISHED));
    later(3);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
    expect(statuses[0]).not.toHaveProperty("fileLocation");
    expect(statuses[0]?.conditions).toEqual([
      FINISHED.conditions?.[0],
      {
        type: "FilesAvailable",
        status: "False",
        reason: "FilesRemoved",
        message: "The files were removed from the node: they are older than DELETE_OLDER_THAN (172800 s).",
        lastTransitionTime: new Date(world.now()).toISOString(),
      },
    ]);
    expect(events).toEqual(["FilesRemoved"]);
  });

  test("are removed without a word where the capture is another node's: its status speaks of that one's files", async () => {
    keep();
    objects.set(CAPTURE, resource({ ...FINISHED, node: "node-2" }));
    later(3);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
    expect([statuses, events]).toEqual([[], []]);
  });

  test("are kept until then", async () => {
    const names = keep();
    objects.set(CAPTURE, resource(FINISHED));
    later(2);
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
    expect(statuses).toEqual([]);
  });

  test("are all that the API server is asked about, where the capture is known", async () => {
    const names = keep();
    known = resource(FINISHED);
    later(2);
    await sweep();
    known = resource({ ...FINISHED, progress: "running" });
    later(9);
    await sweep();
    expect(reads).toEqual([]);
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test("are not removed on the word of a copy: the API server has the last one", async () => {
    const names = keep();
    known = resource(FINISHED);
    objects.set(CAPTURE, resource({ ...FINISHED, progress: "running" }));
    later(9);
    await sweep();
    expect(reads).toEqual([CAPTURE]);
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test("are kept while the capture runs, is to be gone on with, or is at work here", async () => {
    const names = keep();
    later(9);
    for (const progress of ["running", "scheduled"] as const) {
      objects.set(CAPTURE, resource({ progress }));
      await sweep();
    }
    objects.set(CAPTURE, resource(FINISHED));
    atWork.add("u1");
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test("are judged by their last write where the manifest has no end", async () => {
    const names = keep({}, { finished: undefined });
    objects.set(CAPTURE, resource({ ...FINISHED, progress: "failure", reason: "AgentLost" }));
    const written = (days: number) => EPOCH + (days * DAY) / 1000;
    for (const name of names) utimesSync(path("pcap1", name), written(1), written(1));
    later(2.9);
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
    later(3.1);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("are not older than their capture, whatever a wrong clock has written", async () => {
    const time = "1970-01-01T00:00:00Z";
    const names = keep({}, { finished: { reason: "TimeElapsed", message: "", time } });
    objects.set(CAPTURE, resource(FINISHED));
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });

  test("are kept where the capture was written meanwhile, and go with the next look", async () => {
    keep();
    objects.set(CAPTURE, resource(FINISHED));
    later(3);
    const { writeStatus } = world.store;
    const refuse = () => Promise.reject(new StatusConflict("newer"));
    await createRetention({ ...world, store: { ...world.store, writeStatus: refuse } }).sweep();
    expect(readdirSync(path("pcap1"))).toHaveLength(3);
    await createRetention({ ...world, store: { ...world.store, writeStatus } }).sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("of a capture that says so already go without another word", async () => {
    keep();
    const { fileLocation: _location, ...rest } = FINISHED;
    const told = {
      type: "FilesAvailable",
      status: "False" as const,
      reason: "FilesRemoved",
      message: "",
      lastTransitionTime: OLD,
    };
    objects.set(CAPTURE, resource({ ...rest, conditions: [told] }));
    later(3);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
    expect([statuses, events]).toEqual([[], []]);
  });

  test("go also where the capture went with its namespace", async () => {
    keep();
    objects.delete(NAMESPACE);
    later(3);
    await sweep();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("stay where the API is away: whether the capture runs is not known", async () => {
    const names = keep();
    objects.set(CAPTURE, new KubernetesError("away", { status: 0 }));
    later(9);
    await sweep();
    expect(readdirSync(path("pcap1"))).toEqual(names);
  });
});
