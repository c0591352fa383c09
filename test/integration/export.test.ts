import { createHash } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { ExportList } from "../../src/export/listing.ts";
import { type Executed, execute } from "../helpers/execute.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

let hostmount: TemporaryFolder;
beforeEach(() => {
  hostmount = makeTemporaryFolder();
  return () => hostmount.remove();
});

const run = (...args: string[]): Promise<Executed> =>
  execute([LAUNCHER, "export", ...args, "--hostmount", hostmount.path]);
const list = async (...names: string[]): Promise<ExportList> => {
  const { code, stdout, stderr } = await run("list", ...names);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
};
const read = (folder: string, file: string, from: number, to: number): Promise<Executed> =>
  run("read", folder, file, "--from", String(from), "--to", String(to));
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

describe("pcapper export list", () => {
  test("says for each capture its manifest and its files, with their lengths and times", async () => {
    const files = [madeFile(3, 1000, "2026-11-24T10:00:00.5Z"), madeFile(4, 70)];
    const prefix = makeCapture(hostmount.path, { files });
    const { captures, problems } = await list();
    const manifestText = readFileSync(join(hostmount.path, "pcap1", `${prefix}.json`), "utf8");
    expect(problems).toEqual([]);
    expect(captures).toMatchObject([
      {
        ...{ folder: "pcap1", prefix, running: false, problems: [] },
        manifest: JSON.parse(manifestText),
        manifestFile: { name: `${prefix}.json`, bytes: manifestText.length },
        files: [
          { name: packetName(prefix, 3), bytes: 1000, lastTimestamp: "2026-11-24T10:00:00.5Z" },
          { name: packetName(prefix, 4), bytes: 70 },
        ],
      },
    ]);
  });

  test("gives of a running capture the file that is written, up to the length that was published", async () => {
    const part = { ...madeFile(2, 5000), published: 4096 };
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)], part });
    const { captures } = await list();
    expect(captures).toMatchObject([{ running: true, problems: [] }]);
    expect(captures[0]?.files.map(({ name, bytes }) => [name, bytes])).toEqual([
      [packetName(prefix, 1), 100],
      [packetName(prefix, 2), 4096],
    ]);
  });

  test("a file that the manifest of a running capture goes on to name is missing", async () => {
    const part = { ...madeFile(3, 10), published: 10 };
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10), madeFile(2, 10)], part });
    unlinkSync(join(hostmount.path, "pcap1", packetName(prefix, 1)));
    const [capture] = (await list()).captures;
    expect(capture?.problems).toEqual([
      `${packetName(prefix, 1)} is named by the manifest, but is not there`,
    ]);
    expect(capture?.removedMeanwhile).toBeUndefined();
  });

  test("names of captures choose", async () => {
    for (const folder of ["pcap1", "pcap2", "pcap3"]) makeCapture(hostmount.path, { folder });
    expect((await list("pcap2", "nobody")).captures.map(({ folder }) => folder)).toEqual(["pcap2"]);
    expect((await list()).captures).toHaveLength(3);
  });

  test("two captures of one name are two, each with its own files", async () => {
    const first = makeCapture(hostmount.path, { epoch: 1, files: [madeFile(1, 1)] });
    const second = makeCapture(hostmount.path, { epoch: 2, files: [madeFile(1, 2)] });
    const { captures } = await list();
    expect(captures.map(({ prefix, files }) => [prefix, files.map(({ bytes }) => bytes)])).toEqual([
      [first, [1]],
      [second, [2]],
    ]);
  });

  test("a file that is missing, is another size, or that nobody named is told, and what is there is offered", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100), madeFile(2, 100)] });
    const folder = join(hostmount.path, "pcap1");
    unlinkSync(join(folder, packetName(prefix, 1)));
    truncateSync(join(folder, packetName(prefix, 2)), 60);
    writeFileSync(join(folder, packetName(prefix, 9)), "stranger");
    const [capture] = (await list()).captures;
    expect(capture?.problems).toEqual([
      `${packetName(prefix, 1)} is named by the manifest, but is not there`,
      `${packetName(prefix, 2)} has 60 bytes, and its manifest says 100`,
      `${packetName(prefix, 9)} is there, but its manifest does not name it`,
    ]);
    expect(capture?.files.map(({ name, bytes }) => [name, bytes])).toEqual([
      [packetName(prefix, 2), 60],
      [packetName(prefix, 9), 8],
    ]);
  });

  test.each([
    ["is not whole JSON", '{"manifest":"pcapper/v1","capt'],
    ["is no manifest of pcapper/v1", "{}"],
    ["is not there", undefined],
  ])("files whose manifest %s are offered by their names", async (problem, text) => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)], manifest: () => text });
    const [capture] = (await list()).captures;
    expect(capture).toMatchObject({ prefix, running: false, files: [{ bytes: 100 }] });
    expect(capture?.problems.join()).toContain(problem);
    expect(capture?.manifestFile?.name).toBe(text === undefined ? undefined : `${prefix}.json`);
  });

  test("neither a folder, nor a file, nor a manifest is followed through a symbolic link", async () => {
    const elsewhere = makeTemporaryFolder();
    makeCapture(elsewhere.path, { folder: "outside", files: [madeFile(1, 10)] });
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10), madeFile(2, 10)] });
    const folder = join(hostmount.path, "pcap1");
    symlinkSync(join(elsewhere.path, "outside"), join(hostmount.path, "outside"));
    renameSync(join(folder, packetName(prefix, 2)), join(folder, "aside"));
    symlinkSync("aside", join(folder, packetName(prefix, 2)));
    symlinkSync(`${prefix}.json`, join(folder, "node-a.pcap1.7.json"));
    const { captures, problems } = await list();
    elsewhere.remove();
    expect(problems).toEqual(["outside is no folder, or a symbolic link to one"]);
    expect(captures.map(({ files }) => files.length)).toEqual([1, 0]);
    expect(captures.flatMap((capture) => capture.problems).join("\n")).toMatch(
      /00002\.pcap is named by the manifest, but is a symbolic link.*7\.json is a symbolic link/s,
    );
  });

  test("names that pcapper never gives are told and not offered, and a FIFO keeps nobody waiting", async () => {
    const prefix = makeCapture(hostmount.path, { files: [] });
    const folder = join(hostmount.path, "pcap1");
    writeFileSync(join(folder, "a\nb.00001.pcap"), "x");
    writeFileSync(join(folder, ".hidden.00001.pcap"), "x");
    writeFileSync(join(folder, "notes.txt"), "x");
    mkdirSync(join(hostmount.path, "lost+found"));
    await execute(["mkfifo", join(folder, packetName(prefix, 1))]);
    const { captures, problems } = await list();
    expect(problems).toEqual(['pcap1: "a\\nb.00001.pcap" is no name that pcapper gives']);
    expect(captures).toMatchObject([
      { files: [], problems: [`${packetName(prefix, 1)} is not a plain file`] },
    ]);
  });

  test("a manifest cannot name a file outside its folder, or of another capture", async () => {
    makeCapture(hostmount.path, {
      files: [madeFile(1, 10)],
      manifest: (manifest) => ({
        ...manifest,
        files: ["../../etc/passwd", "node-a.other.1.00001.pcap"].map((name) => ({
          name,
          number: 1,
          packets: 1,
          bytes: 10,
          firstTimestamp: "",
          lastTimestamp: "",
        })),
      }),
    });
    const [capture] = (await list()).captures;
    expect(capture?.problems.slice(0, 2)).toEqual([
      '"../../etc/passwd" is named by the manifest, but is no file of this capture',
      '"node-a.other.1.00001.pcap" is named by the manifest, but is no file of this capture',
    ]);
  });

  test("a hostmount that is not there is one sentence and exit code 1", async () => {
    const { code, stderr } = await execute([LAUNCHER, "export", "list", "--hostmount", "/nowhere"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'pcapper: the hostmount "/nowhere" cannot be read: ENOENT: no such file or directory [PCAPPER_EXPORT_UNREADABLE]\n',
    );
  });
});

describe("pcapper export read", () => {
  test("writes the bytes from OFFSET to LENGTH, and the checksum of all before LENGTH", async () => {
    const content = Buffer.from("0123456789".repeat(100_000));
    const prefix = makeCapture(hostmount.path, { files: [{ number: 1, content }] });
    for (const [from, to] of [
      [0, 1_000_000],
      [999_990, 1_000_000],
      [500, 700_001],
      [42, 42],
      [1_000_000, 1_000_000],
    ] as const) {
      const { code, stdout, stderr } = await read("pcap1", packetName(prefix, 1), from, to);
      expect(code).toBe(0);
      expect(stdout).toBe(content.subarray(from, to).toString());
      expect(JSON.parse(stderr)).toEqual({ bytes: to, sha256: sha256(content.subarray(0, to)) });
    }
  });

  test("finds a file under its name while it is written, and after it is whole", async () => {
    const part = { number: 1, content: Buffer.from("abcdef"), published: 4 };
    const prefix = makeCapture(hostmount.path, { part });
    const path = join(hostmount.path, "pcap1", packetName(prefix, 1));
    expect((await read("pcap1", packetName(prefix, 1), 0, 4)).stdout).toBe("abcd");
    renameSync(`${path}.part`, path);
    expect((await read("pcap1", packetName(prefix, 1), 0, 4)).stdout).toBe("abcd");
  });

  test("offsets past the end, or out of order, are an error that names both numbers", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)] });
    const name = packetName(prefix, 1);
    const past = await read("pcap1", name, 0, 101);
    expect(past).toMatchObject({ code: 1, stdout: "" });
    expect(past.stderr).toContain(`--to is 101, and pcap1/${name} has 100 bytes`);
    expect(past.stderr).toContain("[PCAPPER_EXPORT_OUT_OF_RANGE]");
    const backwards = await read("pcap1", name, 60, 50);
    expect(backwards).toMatchObject({ code: 1, stdout: "" });
    expect(backwards.stderr).toContain("--from is 60, and --to is 50");
  });

  test.each([
    ["pcap1", "nobody.00001.pcap", "PCAPPER_EXPORT_NOT_FOUND"],
    ["nobody", "node-a.pcap1.1.00001.pcap", "PCAPPER_EXPORT_NOT_FOUND"],
    ["pcap1", "node-a.pcap1.7.00001.pcap", "PCAPPER_EXPORT_REFUSED"],
    ["pcap1", "node-a.pcap1.8.00001.pcap", "PCAPPER_EXPORT_REFUSED"],
    ["linked", "node-a.pcap1.1764000000.00001.pcap", "PCAPPER_EXPORT_REFUSED"],
  ])("%s/%s is not given out", async (folder, file, code) => {
    makeCapture(hostmount.path, { files: [madeFile(1, 100)] });
    const home = join(hostmount.path, "pcap1");
    symlinkSync("/etc/passwd", join(home, "node-a.pcap1.7.00001.pcap"));
    mkdirSync(join(home, "node-a.pcap1.8.00001.pcap"));
    symlinkSync("pcap1", join(hostmount.path, "linked"));
    const result = await read(folder, file, 0, 10);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^pcapper: .* \\[${code}\\]\n$`));
  });

  test.each([
    ["..", "a.1.00001.pcap"],
    ["pcap1/../pcap1", "a.1.00001.pcap"],
    ["pcap1", "../secret.00001.pcap"],
    ["pcap1", "a\nb.00001.pcap"],
    ["pcap1", ".pcapper.lock"],
    ["pcap1", "notes.txt"],
    ["pcap1", "node-a.pcap1.1.status.json"],
    ["", "a.1.00001.pcap"],
    [".", "a.1.00001.pcap"],
  ])("%j, %j are wrong use", async (folder, file) => {
    writeFileSync(join(hostmount.path, "secret.00001.pcap"), "secret");
    const result = await read(folder, file, 0, 0);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/\[PCAPPER_BAD_ARGUMENT\]\n$/);
  });

  test.each(["-1", "1.5", "1e3", "", "99999999999999999", "0x10"])(
    "an offset %j is wrong use",
    async (offset) => {
      const result = await run("read", "pcap1", "a.1.00001.pcap", `--from=${offset}`, "--to=5");
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).toContain(`--from is "${offset}": write a whole number of bytes`);
    },
  );

  test("a hard link is the same file and given out", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10)] });
    linkSync(join(hostmount.path, "pcap1", packetName(prefix, 1)), join(hostmount.path, "backup"));
    expect((await read("pcap1", packetName(prefix, 1), 0, 10)).code).toBe(0);
  });
});
