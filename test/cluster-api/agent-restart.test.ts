import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { patchCaptureStatus } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { holdLock } from "./held-start.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const SIGNALS = ["SIGTERM", "SIGKILL"] as const;

describeAsRoot("an agent that dies and comes back", () => {
  let node: OneNode;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  const conditionOf = async (name: string, type: string) =>
    (await node.read(name)).status?.conditions?.find((condition) => condition.type === type)?.status;

  const nothingTemporary = (name: string) =>
    waitUntil(`${name} has no temporary files`, () => node.temporary(name).length === 0);

  for (const signal of SIGNALS) {
    test(`${signal} as soon as the claim is seen: captured once, to its end`, async () => {
      const name = `claimed-${signal.toLowerCase()}`;
      await node.create(name);
      await waitUntil("it is claimed", async () => (await node.read(name)).status?.progress !== undefined);
      await node.end(signal);
      const left = (await node.read(name)).status;
      await node.start();
      await waitUntil("the second agent captures", async () => {
        const { progress, resumes } = (await node.read(name)).status ?? {};
        return progress === "running" && (left?.progress !== "running" || resumes === 1);
      });
      await node.send(50);
      await waitUntil("50 packets are published", () => node.published(name) >= 50);
      await node.stop(name);
      const { status } = await node.until(name, "finished");
      expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 50, dropped: 0 } });
      expect(await node.packets(name)).toBe(50);
      await nothingTemporary(name);
      expect(readdirSync(join(node.hostmount, name)).filter((file) => file.endsWith(".json"))).toHaveLength(
        1,
      );
    });

    test(`${signal} while running, back after the end: Interrupted, with its files`, async () => {
      const name = `late-${signal.toLowerCase()}`;
      await node.create(name, { captureSeconds: 4 });
      const { status: running } = await node.until(name, "running");
      await node.send(100);
      await waitUntil("100 packets are published", () => node.published(name) >= 100);
      await node.end(signal);
      const over = Date.parse(running?.startTime ?? "") + 4500;
      await waitUntil("its time is over", () => Date.now() > over);
      await node.start();
      const { status } = await node.until(name, "failure");
      expect(status).toMatchObject({ reason: "Interrupted", statistics: { packets: 100, files: 1 } });
      expect(status?.fileLocation).toBe(`/var/pcapper/${name}/${basename(node.files(name)[0] ?? "")}`);
      expect(Date.parse(status?.endTime ?? "")).toBeLessThan(over);
      expect(await node.packets(name)).toBe(100);
      expect(await conditionOf(name, "FilesAvailable")).toBe("True");
      expect(await conditionOf(name, "Failed")).toBe("True");
      expect(await node.events(name, 3)).toEqual(["Interrupted", "Running", "Scheduled"]);
      await nothingTemporary(name);
    });

    test(`${signal} while closing: Stopped, nothing lost that was published, nothing twice`, async () => {
      for (const delay of [0, 3, 10, 30]) {
        const name = `closing-${signal.toLowerCase()}-${delay}`;
        await node.create(name);
        await node.until(name, "running");
        await node.send(100);
        await waitUntil("100 packets are published", () => node.published(name) >= 100);
        await node.stop(name);
        await pause(delay);
        await node.end(signal);
        await node.start();
        const { status } = await node.until(name, "finished");
        expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 100 } });
        expect(await node.packets(name)).toBe(100);
        await nothingTemporary(name);
      }
    });
  }

  for (const signal of SIGNALS) {
    test(`${signal} before the first packet, twice: it goes on, and no number comes again`, async () => {
      const name = `empty-${signal.toLowerCase()}`;
      await node.create(name);
      await node.until(name, "running");
      let highest = 0;
      for (let resumes = 1; resumes <= 2; resumes += 1) {
        const [file = ""] = await waitUntil("a file is being written", () => {
          const found = node.files(name).filter((path) => path.endsWith(".part"));
          return found.length > 0 ? found : undefined;
        });
        const number = Number(/\.(\d{5,})\.pcap/.exec(file)?.[1]);
        expect(number).toBeGreaterThan(highest);
        highest = number;
        await node.end(signal);
        await node.start();
        await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === resumes);
      }
      await node.send(10);
      await node.stop(name);
      const { status } = await node.until(name, "finished");
      expect(status).toMatchObject({ reason: "Stopped", resumes: 2, statistics: { packets: 10 } });
      expect(await node.packets(name)).toBe(10);
      await nothingTemporary(name);
    });
  }

  test("an error that nothing catches ends the agent, and no capture: it goes on", async () => {
    const name = "uncaught";
    await node.end("SIGTERM");
    const thrower = join(import.meta.dirname, "../helpers/throw-on-signal.mjs");
    await node.start({ NODE_OPTIONS: `--import=${thrower}` });
    await node.create(name);
    await node.until(name, "running");
    await node.send(30);
    await waitUntil("30 packets are published", () => node.published(name) >= 30);
    expect(await node.end("SIGUSR2")).toBe(1);
    expect(node.agent().log()).toContain("thrown by the test");
    await node.start();
    await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === 1);
    await node.send(20);
    await waitUntil("20 more are published", () => node.published(name) >= 50);
    await node.stop(name);
    const { status } = await node.until(name, "finished");
    expect(status).toMatchObject({ reason: "Stopped", resumes: 1, statistics: { packets: 50 } });
    expect(await node.packets(name)).toBe(50);
    await nothingTemporary(name);
  });

  test("scheduled, and dead before its first file: what was begun of a place goes, and it runs", async () => {
    await node.end("SIGKILL");
    const name = "begun";
    await node.create(name);
    const scheduledTime = new Date().toISOString();
    await patchCaptureStatus(server().admin, "pcapper", name, {
      progress: "scheduled",
      node: "worker-01",
      scheduledTime,
    });
    const folder = join(node.hostmount, name);
    mkdirSync(folder);
    writeFileSync(join(folder, `.worker-01.${name}.${Math.floor(Date.now() / 1000)}.lock`), "");
    await node.start();
    await node.until(name, "running");
    await node.stop(name);
    expect((await node.until(name, "finished")).status).toMatchObject({ reason: "Stopped" });
    await nothingTemporary(name);
  });

  test("what another process holds is tried again, until it can go on", async () => {
    const name = "held";
    await node.create(name);
    await node.until(name, "running");
    await node.send(20);
    await waitUntil("20 packets are published", () => node.published(name) >= 20);
    await node.end("SIGKILL");
    const lock = node.temporary(name).find((file) => file.endsWith(".lock")) ?? "";
    const letGo = await holdLock(join(node.hostmount, name, lock));
    await node.start();
    await waitUntil(
      "it has failed twice",
      () => node.agent().log().split("another process has it").length > 2,
    );
    await letGo();
    await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === 1);
    await node.stop(name);
    const { status } = await node.until(name, "finished");
    expect(status).toMatchObject({ reason: "Stopped", resumes: 1, statistics: { packets: 20 } });
    await nothingTemporary(name);
  });

  test("dead between a capture's last word and the removal of its lock: the next agent removes it", async () => {
    const name = "half-closed";
    await node.create(name, { captureSeconds: 1 });
    await node.until(name, "finished");
    await node.end("SIGKILL");
    const [manifest = ""] = readdirSync(join(node.hostmount, name)).filter((file) => file.endsWith(".json"));
    writeFileSync(join(node.hostmount, name, `.${manifest.replace(/\.json$/, ".lock")}`), "{}");
    await node.start();
    await nothingTemporary(name);
  });

  test("stop: true while the agent is away ends it as Stopped at its return", async () => {
    const name = "stopped-away";
    await node.create(name);
    await node.until(name, "running");
    await node.send(70);
    await waitUntil("70 packets are published", () => node.published(name) >= 70);
    await node.end("SIGKILL");
    await node.stop(name);
    await node.start();
    const { status } = await node.until(name, "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 70 } });
    expect(await node.packets(name)).toBe(70);
    await nothingTemporary(name);
  });

  test("a manifest that went away meanwhile: Interrupted, and the files that are there are told", async () => {
    const name = "no-manifest";
    await node.create(name);
    await node.until(name, "running");
    await node.send(20);
    await waitUntil("20 packets are published", () => node.published(name) >= 20);
    await node.end("SIGKILL");
    const folder = join(node.hostmount, name);
    for (const file of readdirSync(folder)) if (file.endsWith(".json")) rmSync(join(folder, file));
    await node.start();
    const { status } = await node.until(name, "failure");
    expect(status).toMatchObject({ reason: "Interrupted" });
    expect(status?.message).toContain("manifest is missing");
    expect(status?.fileLocation).toContain(`/var/pcapper/${name}`);
    expect(await conditionOf(name, "FilesAvailable")).toBe("True");
    expect(node.files(name).length).toBeGreaterThan(0);
    await waitUntil("no lock stays", () => readdirSync(folder).every((file) => !file.endsWith(".lock")));
  });

  test("gap and resumes are counted, each with an Event of its own; a finished capture never runs again", async () => {
    const name = "gaps";
    await node.create(name);
    await node.until(name, "running");
    for (let resumes = 1; resumes <= 2; resumes += 1) {
      await node.send(10);
      await waitUntil("10 packets are published", () => node.published(name) >= 10 * resumes);
      await node.end("SIGKILL");
      await pause(2000);
      await node.start();
      await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === resumes);
    }
    await node.stop(name);
    const { status } = await node.until(name, "finished");
    expect(status).toMatchObject({ reason: "Stopped", resumes: 2, statistics: { packets: 20 } });
    expect(status?.gapSeconds).toBeGreaterThanOrEqual(4);
    expect(status?.gapSeconds).toBeLessThanOrEqual(12);
    expect(await node.events(name, 5)).toEqual(["Resumed", "Resumed", "Running", "Scheduled", "Stopped"]);
    const before = await node.read(name);
    const files = node.files(name);
    await node.end("SIGKILL");
    await node.start();
    await node.create("after-gaps", { captureSeconds: 1 });
    await node.until("after-gaps", "finished");
    expect((await node.read(name)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(node.files(name)).toEqual(files);
  });

  test("killed again before its status tells of the resume: no gap is lost", async () => {
    const name = "killed-again";
    await node.create(name);
    await node.until(name, "running");
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      await node.end("SIGKILL");
      await node.start();
      await waitUntil("an engine goes on", () => node.gaps(name) === deaths);
    }
    await waitUntil("all are told", async () => (await node.read(name)).status?.resumes === 3);
    await node.stop(name);
    expect((await node.until(name, "finished")).status).toMatchObject({ reason: "Stopped", resumes: 3 });
    await nothingTemporary(name);
  });

  test("stopped while the agent is away, after a resume that no status tells of: every gap is told", async () => {
    const name = "untold";
    await node.create(name);
    await node.until(name, "running");
    await node.end("SIGKILL");
    await node.start();
    await waitUntil("an engine goes on", () => node.gaps(name) === 1);
    await node.end("SIGKILL");
    await node.stop(name);
    await node.start();
    const { status } = await node.until(name, "finished");
    expect(status).toMatchObject({ reason: "Stopped", resumes: 2 });
    expect(Date.parse(status?.endTime ?? "")).toBeGreaterThan(Date.parse(status?.startTime ?? ""));
    await waitUntil("its manifest has them all", () => node.gaps(name) === 2);
    await nothingTemporary(name);
  });

  test("a capture that goes on has its room before a new one is let in", async () => {
    const name = "has-its-place";
    await node.create(name);
    await node.until(name, "running");
    await node.end("SIGKILL");
    const others = Array.from({ length: 5 }, (_, index) => `no-place-${index}`);
    for (const other of others) await node.create(other);
    await node.start({ MAX_CAPTURES: "1" });
    for (const other of others) {
      const { status } = await node.until(other, "failure");
      expect(status).toMatchObject({ reason: "TooManyCaptures" });
    }
    await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === 1);
    await node.stop(name);
    await node.until(name, "finished");
    await node.end("SIGTERM");
    await node.start();
  });

  test("a crash loop stays within maxFileSize × fileCount, and numbers only increase", async () => {
    const name = "crash-loop";
    const maxFileSize = 400_000;
    await node.create(name, { maxFileSize, fileCount: 2, snapLength: 1000 });
    await node.until(name, "running");
    const seen = new Map<number, number>();
    let most = 0;
    let looking = true;
    const looks = (async () => {
      while (looking) {
        let bytes = 0;
        for (const path of node.files(name)) {
          const found = statSync(path, { throwIfNoEntry: false });
          bytes += found?.size ?? 0;
          const number = Number(/\.(\d{5,})\.pcap/.exec(path)?.[1]);
          if (found !== undefined) seen.set(number, Math.max(found.size, seen.get(number) ?? 0));
        }
        most = Math.max(most, bytes);
        await pause(5);
      }
    })();
    let highest = 0;
    for (let crash = 1; crash <= 5; crash += 1) {
      await node.send(6000);
      await pause(1200);
      await node.end("SIGKILL");
      const now = Math.max(...seen.keys());
      expect(now).toBeGreaterThan(highest);
      highest = now;
      await node.start();
      await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === crash);
    }
    await node.stop(name);
    const { status } = await node.until(name, "finished");
    looking = false;
    await looks;
    expect(most).toBeLessThanOrEqual(2 * maxFileSize);
    expect(Math.max(...seen.values())).toBeLessThanOrEqual(maxFileSize);
    expect(node.files(name).length).toBeLessThanOrEqual(2);
    expect(status).toMatchObject({ reason: "Stopped", resumes: 5, statistics: { packets: 30_000 } });
    await node.packets(name);
    await nothingTemporary(name);
  });
});
