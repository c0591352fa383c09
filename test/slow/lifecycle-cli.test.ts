import { globSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { packetsIn, unfinishedIn } from "../fixtures/lifecycle/left-files.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { mustExecute } from "../helpers/execute.ts";
import { readManifest } from "../helpers/manifest.ts";
import { capture, type Pcapper, readStatus, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

describeAsRoot("pcapper run, when its process ends", () => {
  let traffic: SteadyTraffic;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    traffic = await makeSteadyTraffic(5_000);
  });
  afterAll(() => traffic.remove());
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  async function start(): Promise<Pcapper> {
    const spec = { targetNode: "localhost", targetInterface: "near0", captureSeconds: 50, maxFileSize: "1M" };
    const pcapper = startPcapper(capture("life", spec), {
      namespace: traffic.near,
      output: folder.path,
      env: { MIN_FREE_DISK: "0" },
    });
    await pcapper.running();
    await waitUntil("packets are published", () => (pcapper.manifest()?.statistics.packets ?? 0) > 0);
    return pcapper;
  }
  const finished = (pcapper: Pcapper) => {
    const [path = ""] = globSync(`${pcapper.folder}/*.json`).filter((name) => !name.endsWith(".status.json"));
    return readManifest(path).finished?.reason;
  };
  const recover = (): Promise<string> => mustExecute([LAUNCHER, "recover", "--output", folder.path]);

  test("one SIGINT or SIGTERM stops it: exit 0, Stopped, whole files, nothing to recover", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const pcapper = await start();
      pcapper.kill(signal);
      const { exitCode, stderr } = await pcapper.ended;
      expect(exitCode, stderr).toBe(0);
      expect(finished(pcapper)).toBe("Stopped");
      expect(unfinishedIn(pcapper.folder)).toEqual([]);
      expect(await packetsIn(pcapper.folder)).toBeGreaterThan(0);
      rmSync(pcapper.folder, { recursive: true });
    }
  });

  test("a second SIGINT ends it at once, and what it leaves is whole after recovery", async () => {
    const pcapper = await start();
    pcapper.kill("SIGINT");
    // Not before the first one was heard: two that wait are one to the kernel. Draining the ring, it
    // has 350 ms of work left then.
    await waitUntil("it says that it stops", () => pcapper.stderr().includes("Stopping (Ctrl-C)"));
    pcapper.kill("SIGINT");
    const { signal, exitCode, stderr, stdout } = await pcapper.ended;
    expect(signal, stderr).toBeNull();
    expect(exitCode, stderr).toBe(130);
    // It left without waiting for the resource's end.
    expect(stdout).toBe("");
    expect(readStatus(pcapper.folder)?.status?.progress).toBe("running");
    await recover();
    expect(unfinishedIn(pcapper.folder)).toEqual([]);
    expect(finished(pcapper)).toBe("Stopped");
    expect(readStatus(pcapper.folder)?.status?.reason).toBe("Stopped");
    expect(await packetsIn(pcapper.folder)).toBe(pcapper.manifest()?.statistics.packets);
  });

  test("after SIGKILL, recovery makes files and manifest whole and says Interrupted", async () => {
    const pcapper = await start();
    pcapper.kill("SIGKILL");
    const { signal } = await pcapper.ended;
    expect(signal).toBe("SIGKILL");
    expect(finished(pcapper)).toBeUndefined();
    expect(unfinishedIn(pcapper.folder).length).toBeGreaterThan(0);
    const published = pcapper.manifest()?.statistics.packets ?? 0;
    await recover();
    expect(finished(pcapper)).toBe("Interrupted");
    expect(readStatus(pcapper.folder)?.status?.reason).toBe("Interrupted");
    expect(unfinishedIn(pcapper.folder)).toEqual([]);
    const packets = await packetsIn(pcapper.folder);
    expect(packets).toBeGreaterThanOrEqual(published);
    expect(pcapper.manifest()?.statistics.packets).toBe(packets);
    const names = readdirSync(pcapper.folder);
    await recover();
    expect(readdirSync(pcapper.folder)).toEqual(names);
  });

  test("recovery leaves alone what is not its own", async () => {
    const pcapper = await start();
    const strangers = ["notes.part", "other.00001.pcap.part"].map((name) => join(pcapper.folder, name));
    for (const path of strangers) writeFileSync(path, "somebody's");
    pcapper.kill("SIGKILL");
    await pcapper.ended;
    await recover();
    const left = readdirSync(pcapper.folder);
    expect(left).toContain("notes.part");
    expect(left).toContain("other.00001.pcap.part");
  });
});
