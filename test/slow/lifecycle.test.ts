import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { loadNative } from "../../src/capture/native.ts";
import { packetsIn, recoverIn, unfinishedIn } from "../fixtures/lifecycle/left-files.ts";
import { type ChildEnd, type Ending, runChild, STATES, type State } from "../fixtures/lifecycle/run-child.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { readManifest } from "../helpers/manifest.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

/** Ends at which the engine still runs code of its own. */
const ORDERLY = {
  return: 0,
  exit: 0,
  exception: 1,
  "sigterm-handled": 0,
  "sigint-twice": 130,
  terminate: 0,
} as const;
const SUDDEN = { sigterm: "SIGTERM", sigkill: "SIGKILL" } as const;
const LONGEST_END_SECONDS = 2;

describeAsRoot("A process that ends while it captures", () => {
  let traffic: SteadyTraffic;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    traffic = await makeSteadyTraffic(10_000);
  });
  afterAll(() => traffic.remove());
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  const end = (state: State, ending: Ending): Promise<ChildEnd> =>
    runChild({ namespace: traffic.near, folder: folder.path, state, ending });

  async function mustBeFinished(prefix: string, state: State, ending: Ending): Promise<void> {
    expect(unfinishedIn(folder.path)).toEqual([]);
    const path = join(folder.path, `${prefix}.json`);
    if (!existsSync(path)) throw new Error("there is no manifest");
    const { finished, files, statistics, removed } = readManifest(path);
    const asked = state === "closing" || ending === "sigterm-handled" || ending === "sigint-twice";
    expect(finished?.reason).toBe(asked ? "Stopped" : "Interrupted");
    const listed = files.reduce((sum, { packets }) => sum + packets, 0);
    expect(listed + removed.packets).toBe(statistics.packets);
    if (ending !== "two-workers") expect(await packetsIn(folder.path)).toBe(listed);
    if (state === "running" || state === "rotating") expect(listed).toBeGreaterThan(0);
  }

  /** Packets that the manifest on disk vouches for; none where there is no manifest yet. */
  function publishedPackets(): number {
    const path = join(folder.path, "t.json");
    if (!existsSync(path)) return 0;
    const { files, current } = readManifest(path);
    return files.reduce((sum, { packets }) => sum + packets, current?.packets ?? 0);
  }

  /** Nothing is left to be repaired, and every file is what three readers take it for. @returns packets */
  async function mustBeWhole(): Promise<number> {
    const names = readdirSync(folder.path);
    expect(names.filter((name) => /\.(part|next)$/.test(name))).toEqual([]);
    let found = 0;
    for (const name of names.filter((name) => name.endsWith(".pcap"))) {
      const { packets, cutBytes } = await loadNative().recoverFile(join(folder.path, name));
      expect(cutBytes, name).toBe(0);
      found += packets;
    }
    expect(await packetsIn(folder.path)).toBe(found);
    return found;
  }

  for (const state of STATES) {
    for (const [ending, exitCode] of Object.entries(ORDERLY) as [keyof typeof ORDERLY, number][]) {
      test(`${state}, by ${ending}: whole files, a finished manifest, soon`, async () => {
        const ended = await end(state, ending);
        expect(ended.signal, ended.stderr).toBeNull();
        expect(ended.exitCode, ended.stderr).toBe(exitCode);
        expect(ended.secondsToEnd).toBeLessThan(LONGEST_END_SECONDS);
        await mustBeFinished("t", state, ending);
      });
    }
    for (const [ending, signal] of Object.entries(SUDDEN) as [keyof typeof SUDDEN, string][]) {
      test(`${state}, by ${ending}: files are whole after recovery`, async () => {
        const ended = await end(state, ending);
        expect(ended.signal, ended.stderr).toBe(signal);
        expect(ended.secondsToEnd).toBeLessThan(LONGEST_END_SECONDS);
        const published = publishedPackets();
        await recoverIn(loadNative(), folder.path);
        const packets = await mustBeWhole();
        expect(packets).toBeGreaterThanOrEqual(published);
        if (state === "running" || state === "rotating") expect(packets).toBeGreaterThan(0);
      });
    }
  }

  const UNASKED = ["return", "exit", "exception", "terminate"] as const;
  for (const ending of UNASKED) {
    test(`an agent's capture, by ${ending}: whole files, and left to the next process`, async () => {
      const child = { namespace: traffic.near, folder: folder.path, state: "running", ending } as const;
      const ended = await runChild({ ...child, suspendAtExit: true });
      expect(ended.signal, ended.stderr).toBeNull();
      const { finished, files, statistics } = readManifest(join(folder.path, "t.json"));
      expect(finished).toBeUndefined();
      expect(statistics.packets).toBeGreaterThan(0);
      expect(files.reduce((sum, { packets }) => sum + packets, 0)).toBe(statistics.packets);
      expect(await mustBeWhole()).toBe(statistics.packets);
    });
  }

  test("two workers capture with the same addon, and both are closed whole", async () => {
    const ended = await end("running", "two-workers");
    expect(ended.exitCode, ended.stderr).toBe(0);
    await mustBeFinished("a", "running", "two-workers");
    await mustBeFinished("b", "running", "two-workers");
    expect(await packetsIn(folder.path)).toBeGreaterThan(0);
  });
});
