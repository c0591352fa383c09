import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { PacketCapture } from "../../src/api/resource.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { capture, type Pcapper, type PcapperResult, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const LONG = { targetNode: "localhost", targetInterface: "lo", captureSeconds: 600 };

describeAsRoot("limits of pcapper run", () => {
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

  const start = (name: string, spec = {}, env: Record<string, string> = {}): Pcapper =>
    startPcapper(capture(name, { ...LONG, ...spec }), { namespace, output: output.path, env });
  const expectRefused = (result: PcapperResult, reason: string, ...figures: string[]): void => {
    const { status, metadata } = result.resource();
    expect(result.exitCode).toBe(1);
    expect(status).toMatchObject({ progress: "failure", reason });
    for (const figure of figures) expect(status?.message).toContain(figure);
    const names = readdirSync(join(output.path, metadata.name));
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/\.status\.json$/);
  };

  test("the worst case of the capture alone is too much", async () => {
    const { ended } = start("big", { maxFileSize: "2G", fileCount: 6 });
    expectRefused(await ended, "TotalFileSizeExceeded", "12 GB", "MAX_TOTAL_FILESIZE is 10 GB");
  });

  test("what is on disk already counts", async () => {
    writeFileSync(join(output.path, "old.pcap"), Buffer.alloc(5_000_000));
    const env = { MAX_TOTAL_FILESIZE: "104M" };
    expectRefused(await start("more", { fileCount: 1 }, env).ended, "TotalFileSizeExceeded", "104 MB");
  });

  test("free space that must stay free counts", async () => {
    const { ended } = start("big", {}, { MIN_FREE_DISK: "1Pi" });
    expectRefused(await ended, "NotEnoughDiskSpace", "MIN_FREE_DISK is 1.13 PB");
  });

  test("what root alone may still write is no free space, as df shows it", async () => {
    const file = join(output.path, "big.yaml");
    writeFileSync(
      file,
      JSON.stringify(capture("big", { ...LONG, captureSeconds: 1, maxFileSize: "4M", fileCount: 9 })),
    );
    // Half of the 64 MB is root's: 36 MB would fit, but for an ordinary user they do not.
    const script = `cd ${output.path} && truncate -s 64M image && mkfs.ext4 -q -m 50 image && mkdir disk &&
      mount -o loop image disk && df --block-size=1 --output=avail disk | tail -n 1 > avail &&
      MIN_FREE_DISK=0 exec "$0" run -f ${file} --output disk`;
    const command = namespace.inside(["unshare", "--mount", "sh", "-c", script, LAUNCHER]);
    const { code, stdout, stderr } = await execute(command);
    expect(code, stderr).toBe(1);
    const { status } = parse(stdout) as PacketCapture;
    expect(status).toMatchObject({ progress: "failure", reason: "NotEnoughDiskSpace" });
    const said = /; ([\d.]+) MB are free,/.exec(status?.message ?? "")?.[1];
    const shown = Number(readFileSync(join(output.path, "avail"), "utf8")) / 1e6;
    expect(Math.abs(Number(said) - shown), `${status?.message}; df shows ${shown} MB`).toBeLessThan(0.5);
  });

  test("a ring larger than the budget is refused", async () => {
    const { ended } = start("ring", {}, { CAPTURE_MEMORY: "32Mi" });
    expectRefused(await ended, "NotEnoughMemory", "67.1 MB", "CAPTURE_MEMORY is 33.6 MB");
  });

  test.each([
    ["TotalFileSizeExceeded", { MAX_TOTAL_FILESIZE: "1500M" }, "running captures may still write"],
    ["TooManyCaptures", { MAX_CAPTURES: "1" }, "Captures running: 1"],
    ["NotEnoughMemory", { CAPTURE_MEMORY: "100Mi" }, "CAPTURE_MEMORY"],
  ])("a capture of another process counts: %s", async (reason, env, figure) => {
    const first = start("first");
    await first.running();
    expectRefused(await start("second", {}, env).ended, reason, figure);
    first.kill("SIGINT");
    expect((await first.ended).exitCode).toBe(0);
  });

  test("of many that start at once, only as many run as may", async () => {
    const names = ["a", "b", "c", "d"];
    const all = names.map((name) => start(name, { captureSeconds: 4 }, { MAX_CAPTURES: "2" }));
    const results = await Promise.all(all.map(({ ended }) => ended));
    const reasons = results.map((result) => result.resource().status?.reason).sort();
    expect(reasons).toEqual(["TimeElapsed", "TimeElapsed", "TooManyCaptures", "TooManyCaptures"]);
  });

  test("a killed capture no longer counts", async () => {
    const first = start("first");
    await first.running();
    first.kill("SIGKILL");
    await first.ended;
    const second = start("second", { captureSeconds: 1 }, { MAX_CAPTURES: "1" });
    expect((await second.ended).exitCode).toBe(0);
  });

  test("several documents run side by side, and one failure makes the exit code 1", async () => {
    const documents = [
      capture("good", { ...LONG, captureSeconds: 1 }),
      capture("too-big", { ...LONG, maxFileSize: "1Ti" }),
      capture("also-good", { ...LONG, captureSeconds: 1, targetInterface: "any" }),
    ];
    const file = join(output.path, "all.yaml");
    writeFileSync(file, documents.map((document) => JSON.stringify(document)).join("\n---\n"));
    const command = [LAUNCHER, "run", "-f", file, "--output", output.path];
    const { code, stdout } = await execute(namespace.inside(command));
    const ended = parseAllDocuments(stdout).map((document) => document.toJS() as PacketCapture);
    expect(ended.map(({ metadata, status }) => [metadata.name, status?.reason])).toEqual([
      ["good", "TimeElapsed"],
      ["too-big", "TotalFileSizeExceeded"],
      ["also-good", "TimeElapsed"],
    ]);
    expect(code).toBe(1);
  });

  test("an interface that is down is a failure with a status, not wrong use", async () => {
    await namespace.run("ip", "link", "add", "down0", "type", "veth", "peer", "name", "down1");
    const { ended } = start("down", { targetInterface: "down0" });
    const result = await ended;
    expectRefused(result, "InterfaceDown");
    expect(result.resource().status?.message).toBe("down0: That device is not up.");
  });
});
