import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decideOnRemains } from "../../src/agent/cluster/remains-decision.ts";
import { settleRemains } from "../../src/agent/cluster/settle-remains.ts";
import { createRetention } from "../../src/agent/retention/retention.ts";
import { finalStatus } from "../../src/agent/status.ts";
import { planCapture } from "../../src/api/plan.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../src/api/resource.ts";
import { loadNative } from "../../src/capture/native.ts";
import { writeList } from "../../src/export/list.ts";
import { parseList } from "../../src/gather/parse-list.ts";
import { recoverAll } from "../../src/store/files/recovery.ts";
import { findRemains, repairRemains } from "../../src/store/files/remains.ts";
import { reportOf } from "../../src/store/files/repair.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import {
  CLUSTER,
  goodManifest,
  OTHER_PREFIX,
  PREFIX,
  untouchable,
  wholeFiles,
  writeRemains,
} from "../helpers/capture-remains.ts";
import { execute } from "../helpers/execute.ts";
import { type FuzzedJson, fuzzedJson } from "../helpers/fuzzed-json.ts";
import { makeNetworkNamespace } from "../helpers/network-namespace.ts";
import { capture, startPcapper } from "../helpers/pcapper.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { statusValidator } from "../helpers/status-schema.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
/** Of one kind of reader; each seed is another manifest. */
const SEEDS = Array.from({ length: 300 }, (_, index) => index);
/** Names that would lead a reader to somebody else's files, or to another capture. */
const LURES = [
  "u2",
  "pcap2",
  OTHER_PREFIX,
  `${OTHER_PREFIX}.00001.pcap`,
  `../pcap2/${OTHER_PREFIX}.00001.pcap`,
  "../../outside/secret",
  ...["notes.txt", `${PREFIX}.json`, `${PREFIX}.00001.pcap`, `.${PREFIX}.lock`],
];
const NOW = Date.parse("2025-11-24T16:00:30Z");
const MACHINE = { boot: "another", seconds: 100 };

const native = loadNative();
const isGoodStatus = statusValidator();
const silent = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  open: async () => undefined,
};

let folder: TemporaryFolder;
let mounts = 0;
beforeAll(() => {
  folder = makeTemporaryFolder();
  mkdirSync(join(folder.path, "outside"));
  writeFileSync(join(folder.path, "outside", "secret"), "secret");
});
afterAll(() => folder.remove());

function resource(name: string, uid: string, progress: "running" | "finished"): PacketCapture {
  const { capture } = goodManifest(name, uid, true) as { capture: { spec: PacketCapture["spec"] } };
  const metadata = { name, namespace: "pcapper", uid, resourceVersion: "1" };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata,
    spec: capture.spec,
    status: { progress, node: "n" },
  };
}

/** Runs `work` on a hostmount with what the seed makes, and holds it to what must never happen. */
async function withFuzzed(
  seed: number,
  good: unknown,
  write: (hostmount: string, fuzzed: FuzzedJson) => void,
  work: (hostmount: string) => Promise<void>,
): Promise<void> {
  const fuzzed = fuzzedJson(seededRandom(seed), good, LURES);
  mounts += 1;
  const hostmount = join(folder.path, `mount-${mounts}`);
  write(hostmount, fuzzed);
  const before = untouchable(hostmount);
  const about = `seed ${seed}: ${fuzzed.what}: ${fuzzed.text.slice(0, 3000)}`;
  await work(hostmount).catch((error: Error) => {
    throw new Error(about, { cause: error });
  });
  expect(untouchable(hostmount), about).toEqual(before);
  expect(readFileSync(join(folder.path, "outside", "secret"), "utf8")).toBe("secret");
}

const withManifest = (seed: number, work: (hostmount: string) => Promise<void>) =>
  withFuzzed(
    seed,
    goodManifest("pcap1", "u1", seed % 3 === 0),
    (hostmount, { text }) => writeRemains(hostmount, text),
    work,
  );

function mustBeGood(status: unknown): void {
  if (!isGoodStatus(status)) {
    throw new Error(`${JSON.stringify(isGoodStatus.errors)}: ${JSON.stringify(status).slice(0, 3000)}`);
  }
}

async function list(hostmount: string): Promise<string[]> {
  let text = "";
  await writeList({ hostmount, names: [], node: "n" }, async (bytes) => {
    text += bytes.toString();
  });
  return parseList(text).captures.map(({ prefix }) => prefix);
}

test("pcapper recover ends well, and what it says of a capture is a status", async () => {
  for (const seed of SEEDS) {
    await withManifest(seed, async (hostmount) => {
      const whole = wholeFiles(hostmount);
      await recoverAll(native, hostmount, () => undefined);
      expect(wholeFiles(hostmount)).toEqual(whole);
      for (const path of globSync(join(hostmount, "pcap1", "*.status.json"))) {
        mustBeGood(JSON.parse(readFileSync(path, "utf8")).status);
      }
    });
  }
}, 240_000);

test("pcapper recover ends well whatever a status is", async () => {
  const good = { ...resource("pcap1", "u1", "running"), status: { progress: "running", node: "n" } };
  for (const seed of SEEDS) {
    const manifest = JSON.stringify(goodManifest("pcap1", "u1", false));
    await withFuzzed(
      seed,
      good,
      (hostmount, { text }) => writeRemains(hostmount, seed % 2 === 0 ? manifest : "{}", text),
      async (hostmount) => {
        const whole = wholeFiles(hostmount);
        await recoverAll(native, hostmount, () => undefined);
        expect(wholeFiles(hostmount)).toEqual(whole);
      },
    );
  }
}, 240_000);

test("pcapper recover prints nothing that a terminal would obey", async () => {
  const hostmount = join(folder.path, "terminal");
  mkdirSync(join(hostmount, "pcap1"), { recursive: true });
  writeFileSync(join(hostmount, "pcap1", "\u001b]0;title\u0007\u009b31m.json"), "{}");
  const { code, stdout } = await execute([LAUNCHER, "recover", "--output", hostmount]);
  expect(code).toBe(0);
  expect(stdout).toContain("\\x1b]0;title\\x07\\x9b31m.json: skipped");
  expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});

test("an agent that begins settles what is left, and tells nothing of another capture", async () => {
  for (const seed of SEEDS) {
    await withManifest(seed, async (hostmount) => {
      const whole = wholeFiles(hostmount);
      const captures = [resource("pcap1", "u1", "finished"), resource("pcap2", "u2", "finished")];
      const told: string[] = [];
      await settleRemains({
        native,
        store: {
          read: async ({ name }) => captures.find(({ metadata }) => metadata.name === name),
          writeStatus: async (capture, status) => {
            told.push(capture.metadata.name ?? "");
            mustBeGood(status);
            return { ...capture, status };
          },
        },
        hostmount,
        hostPath: "/var/pcapper",
        cluster: CLUSTER,
        own: (uid) => captures.find(({ metadata }) => metadata.uid === uid),
        isAtWork: () => false,
        say: () => undefined,
        now: () => NOW,
      });
      expect(told).not.toContain("pcap2");
      expect(wholeFiles(hostmount)).toEqual(whole);
    });
  }
}, 240_000);

test("a capture that was running goes on or has an end that can be told", async () => {
  const capture = resource("pcap1", "u1", "running");
  for (const seed of SEEDS) {
    await withManifest(seed, async (hostmount) => {
      const found = await findRemains(hostmount, "pcap1", "u1");
      if (found === undefined) return;
      const remains = await repairRemains(native, found, () => undefined);
      const decision = decideOnRemains(capture, remains, NOW, MACHINE);
      if (decision.go === "on") {
        const { nextNumber, files } = decision.earlier;
        expect(nextNumber).toBeGreaterThan(Math.max(0, ...files.map(({ number }) => number)));
        expect(nextNumber).toBeLessThan(2 ** 32);
        return;
      }
      const ending = { end: decision.end, files: [], folder: "", gaps: decision.gaps };
      const report = reportOf(remains.manifest);
      mustBeGood(finalStatus(capture.status ?? {}, { ...ending, report }, planCapture(capture.spec), NOW));
    });
  }
}, 240_000);

test("clean-up removes no file that is not the capture's own", async () => {
  const objects: Record<string, unknown> = {
    packetcaptures: resource("pcap2", "u2", "finished"),
    namespaces: { metadata: {}, status: { phase: "Active" } },
    customresourcedefinitions: {
      metadata: {},
      status: { conditions: [{ type: "Established", status: "True" }] },
    },
  };
  for (const seed of SEEDS) {
    await withManifest(seed, async (hostmount) => {
      const asked: string[] = [];
      const retention = createRetention({
        native,
        api: {
          get: async <T>(path: string) => {
            asked.push(path);
            const parts = path.split("/");
            const kind = parts.at(-2) ?? "";
            // All but the other capture are deleted.
            const found = kind === "packetcaptures" && parts.at(-1) !== "pcap2" ? undefined : objects[kind];
            return found as T | undefined;
          },
        },
        store: {
          writeStatus: async (capture, status) => ({ ...capture, status }),
          recordEvent: () => undefined,
        },
        hostmount,
        node: "n",
        cluster: CLUSTER,
        deleteOlderThan: 1e9,
        known: () => undefined,
        isAtWork: () => false,
        now: () => NOW,
        log: silent,
      });
      await retention.sweep();
      for (const path of asked) expect(path).toMatch(/^(?:\/[a-z0-9][a-z0-9.-]*)+$/);
    });
  }
}, 240_000);

test("what a node lists of it is taken by those who gather, and the other capture is in it", async () => {
  // At once: a look waits for the next manifest where a running capture names a file that is not there.
  const looks = SEEDS.map((seed) =>
    withManifest(seed, async (hostmount) => {
      expect(await list(hostmount)).toEqual(expect.arrayContaining([PREFIX, OTHER_PREFIX]));
    }),
  );
  await Promise.all(looks);
}, 240_000);

describeAsRoot("pcapper run", () => {
  test("begins among damaged records, captures, and touches what is not its own as little", async () => {
    const namespace = await makeNetworkNamespace();
    const spec = { targetNode: "localhost", targetInterface: "lo", packetCount: 2, captureSeconds: 60 };
    for (const seed of SEEDS.slice(0, 12)) {
      const random = seededRandom(seed);
      const output = join(folder.path, `run-${seed}`);
      const status = fuzzedJson(random, resource("pcap1", "u1", "running"), LURES);
      writeRemains(output, fuzzedJson(random, goodManifest("pcap1", "u1", false), LURES).text, status.text);
      const before = untouchable(output);
      const run = startPcapper(capture("pcap3", spec), { namespace, output });
      await run.running();
      await namespace.run("ping", "-qc1", "127.0.0.1");
      const { exitCode, resource: ended } = await run.ended;
      expect({ seed, exitCode }).toEqual({ seed, exitCode: 0 });
      expect(ended().status).toMatchObject({ reason: "PacketCountReached", statistics: { packets: 2 } });
      expect(untouchable(output)).toEqual(before);
    }
    namespace.remove();
  }, 120_000);
});
