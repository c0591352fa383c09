import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { PacketCapture } from "../../src/api/resource.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { dyingWithTest, type Executed, execute } from "../helpers/execute.ts";
import { judge } from "../helpers/judges.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { NOT_A_LOCK } from "../helpers/not-a-lock.ts";
import { capture, type Pcapper, readStatus, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const LONG = { targetNode: "localhost", targetInterface: "lo", captureSeconds: 600 };

describeAsRoot("the life of pcapper run", () => {
  let namespace: NetworkNamespace;
  let output: TemporaryFolder;

  beforeAll(async () => {
    namespace = await makeNetworkNamespace();
  });
  afterAll(() => namespace.remove());
  beforeEach(() => {
    output = makeTemporaryFolder();
    return () => output.remove();
  });

  const start = (name = "pcap1", spec = {}, env: Record<string, string> = {}): Pcapper =>
    startPcapper(capture(name, { ...LONG, ...spec }), { namespace, output: output.path, env });
  const ping = (count: number): Promise<string> =>
    namespace.run("ping", "-qc", String(count), "-i0.002", "127.0.0.1");
  const recover = (): Promise<Executed> => execute([LAUNCHER, "recover", "--output", output.path]);
  const packetsIn = async (folder: string): Promise<number> => {
    const judged = await Promise.all(globSync(`${folder}/*.pcap`).map(judge));
    return judged.reduce((sum, { records }) => sum + records.length, 0);
  };
  const namesIn = (folder: string): string[] => readdirSync(folder).sort();

  test.each([
    ["SIGINT", "Stopped by Ctrl-C."],
    ["SIGTERM", "Stopped by SIGTERM."],
    ["SIGHUP", "Stopped by SIGHUP."],
  ] as const)("%s ends it with whole files, finished/Stopped and 0", async (signal, message) => {
    const run = start();
    await run.running();
    await ping(50);
    run.kill(signal);
    const result = await run.ended;
    const { status } = result.resource();
    expect(result.exitCode).toBe(0);
    expect(status).toMatchObject({
      progress: "finished",
      reason: "Stopped",
      statistics: { packets: 100, dropped: 0 },
    });
    expect(status?.message).toBe(`${message} 100 packets captured (all packets).`);
    expect(await packetsIn(run.folder)).toBe(100);
    expect(readStatus(run.folder)).toEqual(result.resource());
    expect(namesIn(run.folder).filter((name) => /^\.|\.part$/.test(name))).toEqual([]);
  });

  test("under nohup a SIGHUP does not end it, and Ctrl-C does", async () => {
    const resource = capture("pcap1", LONG);
    const run = startPcapper(resource, { namespace, output: output.path, under: ["nohup"] });
    await run.running();
    run.kill("SIGHUP");
    await ping(50);
    run.kill("SIGINT");
    const { status } = (await run.ended).resource();
    expect(status?.message).toBe("Stopped by Ctrl-C. 100 packets captured (all packets).");
  });

  test("each transition is one log line with namespace, name and uid", async () => {
    const run = start("pcap1", { captureSeconds: 1 });
    const { stderr, resource } = await run.ended;
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { namespace: where, name, uid } = resource().metadata;
    expect(lines.map(({ reason }) => reason)).toEqual(["Scheduled", "Running", "TimeElapsed"]);
    for (const line of lines) expect(line).toMatchObject({ namespace: where, name, uid });
  });

  test("the status file is refreshed while it runs", async () => {
    const run = start();
    await run.running();
    await ping(20);
    await waitUntil(
      "the status counts 40 packets",
      () => readStatus(run.folder)?.status?.statistics?.packets === 40,
    );
    run.kill("SIGINT");
    await run.ended;
  });

  test("the disk serves everybody else first: the engine's threads have the lowest priority but idle", async () => {
    const run = start();
    await run.running();
    const threads = engineThreads(run.pid);
    const told = await Promise.all(threads.map(({ id }) => execute(["ionice", "-p", id])));
    expect(threads.map(({ name }) => name).sort()).toEqual([
      "pcapper-capture",
      "pcapper-disk",
      "pcapper-files",
      "pcapper-losses",
    ]);
    expect(told.map(({ stdout }) => stdout.trim())).toEqual(Array(4).fill("best-effort: prio 7"));
    run.kill("SIGINT");
    await run.ended;
  });

  test("a second Ctrl-C ends it at once with 130, and recover makes the rest whole", async () => {
    const run = start();
    await run.running();
    await ping(50);
    await waitUntil("packets are in the manifest", () => (run.manifest()?.current?.packets ?? 0) >= 100);
    run.kill("SIGINT");
    await waitUntil("the first Ctrl-C was delivered", () => noSignalPending(run.pid));
    run.kill("SIGINT");
    const { exitCode } = await run.ended;
    expect(exitCode).toBe(130);
    await recover();
    expect(await packetsIn(run.folder)).toBe(100);
    expect(readStatus(run.folder)?.status?.progress).toMatch(/^(finished|failure)$/);
  });

  test("killed, its files are whole after recover, which then has nothing more to do", async () => {
    const run = start();
    await run.running();
    await ping(50);
    await waitUntil("packets are in the manifest", () => (run.manifest()?.current?.packets ?? 0) >= 100);
    run.kill("SIGKILL");
    await run.ended;
    writeFileSync(join(run.folder, "n.other.1.00001.pcap.part"), "a stranger's");
    const first = await recover();
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout.trim().split("\n")).toHaveLength(1);
    expect(first.stdout).toContain("default/pcap1: Interrupted");
    expect(await packetsIn(run.folder)).toBe(100);
    expect(readStatus(run.folder)?.status).toMatchObject({
      progress: "failure",
      reason: "Interrupted",
      statistics: { packets: 100 },
    });
    expect(run.manifest()).toMatchObject({
      finished: { reason: "Interrupted" },
      statistics: { packets: 100 },
    });
    expect(readFileSync(join(run.folder, "n.other.1.00001.pcap.part"), "utf8")).toBe("a stranger's");
    const before = namesIn(run.folder);
    expect(await recover()).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(namesIn(run.folder)).toEqual(before);
    expect(before.filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("the next run repairs what a killed one left", async () => {
    const killed = start();
    await killed.running();
    killed.kill("SIGKILL");
    await killed.ended;
    const next = start("pcap2", { captureSeconds: 1 });
    const { stderr, exitCode } = await next.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toContain("default/pcap1: Interrupted");
    expect(readStatus(killed.folder)?.status).toMatchObject({ progress: "failure", reason: "Interrupted" });
  });

  test("a running capture is left alone by recover and by another run", async () => {
    const run = start();
    await run.running();
    expect(await recover()).toMatchObject({ code: 0, stdout: "" });
    expect((await start("pcap2", { captureSeconds: 1 }).ended).exitCode).toBe(0);
    await ping(10);
    run.kill("SIGINT");
    expect((await run.ended).resource().status).toMatchObject({
      reason: "Stopped",
      statistics: { packets: 20 },
    });
  });

  test("an output folder that is removed meanwhile takes no result with it", async () => {
    const file = join(output.path, "both.yaml");
    const other = capture("other", { ...LONG, captureSeconds: 1 });
    writeFileSync(file, `${JSON.stringify(capture("pcap1", LONG))}\n---\n${JSON.stringify(other)}\n`);
    const out = join(output.path, "out");
    const child = spawn(
      "setpriv",
      dyingWithTest(namespace.inside([LAUNCHER, "run", "-f", file, "--output", out])),
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const closed = once(child, "close");
    await waitUntil("other has ended", () => readStatus(join(out, "other"))?.status?.progress === "finished");
    await waitUntil("it captures", () => readStatus(join(out, "pcap1"))?.status?.progress === "running");
    await ping(10);
    rmSync(out, { recursive: true });
    child.kill("SIGINT");
    expect((await closed)[0], stderr).toBe(1);
    const ended = parseAllDocuments(stdout).map((document) => document.toJS() as PacketCapture);
    expect(ended.map(({ status }) => status?.reason)).toEqual(["WriteError", "TimeElapsed"]);
    expect(stderr).toMatch(/^pcapper: pcap1: its status could not be kept in .+: ENOENT.* \[WriteError\]$/m);
    expect(stderr).not.toContain("PCAPPER_INTERNAL");
    expect(existsSync(out)).toBe(false);
  });

  test("a folder that is read-only at the end: the result is printed, and that it was not kept", async () => {
    const file = join(output.path, "pcap1.yaml");
    writeFileSync(file, JSON.stringify(capture("pcap1", LONG)));
    const disk = join(output.path, "disk");
    mkdirSync(disk);
    // The engine's descriptors stay on the disk below, whatever is looked up by its path is read-only.
    const script = `mount -t tmpfs none ${disk}
      "$0" run -f ${file} --output ${disk}/out & pid=$!
      until grep -qs '"running"' ${disk}/out/pcap1/*.status.json; do sleep 0.05; done
      mount --bind ${disk} ${disk}; mount -o remount,bind,ro ${disk}
      kill -TERM $pid; wait $pid`;
    const wrapped = namespace.inside(["unshare", "--mount", "sh", "-c", script, LAUNCHER]);
    const { code, stdout, stderr } = await execute(wrapped);
    expect(code, stderr).toBe(1);
    expect(stdout).toContain("reason: Stopped");
    expect(stderr).toMatch(/^pcapper: pcap1: its status could not be kept in .+: EROFS.* \[WriteError\]$/m);
  });

  test.each(NOT_A_LOCK)("%s that is called a lock neither holds up a run nor goes", async (_name, make) => {
    mkdirSync(join(output.path, "strangers"));
    for (const name of [".x.lock", ".n.x.1.lock"]) make(join(output.path, "strangers", name));
    expect((await start("pcap1", { captureSeconds: 1 }).ended).exitCode).toBe(0);
    expect(namesIn(join(output.path, "strangers"))).toEqual([".n.x.1.lock", ".x.lock"]);
  });

  test("started twice in one second it writes two sets of files", async () => {
    const runs = [1, 2].map(() => start("pcap1", { captureSeconds: 1 }));
    const results = await Promise.all(runs.map(({ ended }) => ended));
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const locations = results.map((result) => result.resource().status?.fileLocation);
    expect(new Set(locations).size).toBe(2);
    expect(globSync(`${output.path}/pcap1/*.pcap`)).toHaveLength(2);
  });

  test("a reader of stdout and stderr that goes away costs no packet", async () => {
    const file = join(output.path, "pcap1.yaml");
    writeFileSync(file, JSON.stringify(capture("pcap1", { ...LONG, captureSeconds: 2 })));
    const command = namespace.inside([LAUNCHER, "run", "-f", file, "--output", output.path]);
    const [program = "", ...words] = command;
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    child.stderr.destroy();
    const ended = once(child, "exit");
    const folder = join(output.path, "pcap1");
    await waitUntil("it runs", () => readStatus(folder)?.status?.progress === "running");
    await ping(10);
    expect((await ended)[0]).toBe(0);
    expect(readStatus(folder)?.status).toMatchObject({ progress: "finished", statistics: { packets: 20 } });
  });

  test("names of 253 characters make files, manifest and status", async () => {
    const name = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;
    // The helper writes its manifest under the capture's name, which is too long with a suffix.
    const file = join(output.path, "long.yaml");
    writeFileSync(
      file,
      JSON.stringify(capture(name, { ...LONG, captureSeconds: 1 }) satisfies PacketCapture),
    );
    const result = await execute(namespace.inside([LAUNCHER, "run", "-f", file, "--output", output.path]));
    expect(result.code).toBe(0);
    const names = namesIn(join(output.path, name));
    expect(names.map((found) => found.replace(/^.*~[0-9a-f]{20}\.\d+/, ""))).toEqual([
      ".00001.pcap",
      ".json",
      ".status.json",
    ]);
  });

  test("free space below the limit stops it with DiskPressure and keeps the files", async () => {
    const file = join(output.path, "pcap1.yaml");
    writeFileSync(file, JSON.stringify(capture("pcap1", { ...LONG, maxFileSize: "1Mi", fileCount: 2 })));
    const disk = join(output.path, "disk");
    const script = `mkdir ${disk}; mount -t tmpfs -o size=64m none ${disk}
      "$0" run -f ${file} --output ${disk}/out & pid=$!
      until grep -qs '"running"' ${disk}/out/pcap1/*.status.json; do sleep 0.05; done
      head -c 30m /dev/zero > ${disk}/other
      wait $pid; code=$?; ls ${disk}/out/pcap1 >&2; exit $code`;
    const wrapped = namespace.inside([
      "unshare",
      "--mount",
      "env",
      "MIN_FREE_DISK=40Mi",
      "sh",
      "-c",
      script,
      LAUNCHER,
    ]);
    const { code, stdout, stderr } = await execute(wrapped);
    expect(code).toBe(1);
    expect(stdout).toContain("reason: DiskPressure");
    expect(stdout).toMatch(/MIN_FREE_DISK is 41.9 MB/);
    expect(stderr).toMatch(/\.00001\.pcap\n/);
  });
});

/** The threads of a process that the engine made. */
function engineThreads(pid: number): { id: string; name: string }[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((id) => ({ id, name: readFileSync(`/proc/${pid}/task/${id}/comm`, "utf8").trim() }))
    .filter(({ name }) => name.startsWith("pcapper-"));
}

/** Two signals of one kind that are pending at once are one. */
function noSignalPending(pid: number): boolean {
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return /^0+$/.test(pending);
}
