import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { ExportList } from "../../src/export/listing.ts";
import { readFile } from "../../src/export/read-file.ts";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest, execute } from "../helpers/execute.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const SECRET = "the node's own secret ";
const MEBIBYTE = 1024 * 1024;

/** `hostmount` is below it, and beside that a file that nobody may get. */
let place: TemporaryFolder;
let hostmount: string;
beforeEach(() => {
  place = makeTemporaryFolder();
  hostmount = join(place.path, "hostmount");
  mkdirSync(hostmount);
  writeFileSync(join(place.path, "secret"), SECRET.repeat(10_000));
  return () => place.remove();
});

const run = (...args: string[]) => execute([LAUNCHER, "export", ...args, "--hostmount", hostmount]);
const inCapture = (name: string) => join(hostmount, "pcap1", name);

/** Another process that does this again and again, as fast as it can, until it is stopped. */
function again(script: string, ...words: string[]): () => Promise<void> {
  const loop = ["sh", "-c", `while :; do ${script}; done`, "sh", ...words];
  const child = spawn("setpriv", dyingWithTest(loop), { stdio: "ignore" });
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  const ended = once(child, "close");
  return async () => {
    kill();
    await ended;
  };
}

/** What a read gives: its bytes, or the code of its refusal. */
async function readOrRefusal(file: string, to: number): Promise<Buffer | string> {
  const chunks: Buffer[] = [];
  const write = async (bytes: Uint8Array | string): Promise<void> => void chunks.push(Buffer.from(bytes));
  try {
    await readFile({ hostmount, folder: "pcap1", file, from: 0, to }, write, () => undefined);
    return Buffer.concat(chunks);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("what is put in the place of a file while it is asked for", () => {
  test.each([
    ["the file", 'mv -T "$1" "$1.aside" && ln -s ../../secret "$1" && mv -T "$1.aside" "$1"'],
    ["its folder", 'mv -T "$2" "$2.aside" && ln -s ../lure "$2" && rm "$2" && mv -T "$2.aside" "$2"'],
  ])("a link to a secret for %s never gives the secret", async (_what, script) => {
    const file = madeFile(1, 100_000);
    const prefix = makeCapture(hostmount, { files: [file] });
    const name = packetName(prefix, 1);
    mkdirSync(join(place.path, "lure"));
    writeFileSync(join(place.path, "lure", name), SECRET.repeat(10_000));
    const stop = again(script, inCapture(name), join(hostmount, "pcap1"));
    const found = new Map<string, number>();
    for (let round = 0; round < 2000; round += 1) {
      const answer = await readOrRefusal(name, file.content.length);
      const isFile = Buffer.isBuffer(answer) && answer.equals(file.content);
      const what = isFile ? "the file" : Buffer.isBuffer(answer) ? answer.toString("latin1", 0, 40) : answer;
      found.set(what, (found.get(what) ?? 0) + 1);
    }
    await stop();
    const kinds = ["PCAPPER_EXPORT_NOT_FOUND", "PCAPPER_EXPORT_REFUSED", "the file"];
    expect([...found.keys()].filter((what) => !kinds.includes(what))).toEqual([]);
    // Both sides of the race were seen.
    expect(found.size).toBeGreaterThan(1);
  });

  test("during the read changes nothing: the bytes are those of the file that was opened", async () => {
    const file = madeFile(1, 8 * MEBIBYTE);
    const name = packetName(makeCapture(hostmount, { files: [file] }), 1);
    const args = ["export", "read", "pcap1", name, "--from=0", `--to=${file.content.length}`];
    const child = spawn("setpriv", dyingWithTest([LAUNCHER, ...args, "--hostmount", hostmount]), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      // Its pipe holds less than the file: it is in the middle of it.
      if (chunks.length === 0) {
        rmSync(inCapture(name));
        symlinkSync("../../secret", inCapture(name));
      }
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(file.content)).toBe(true);
  });

  test("during the read, cut short: an error that says where, and no byte that was not in it", async () => {
    const file = madeFile(1, 64 * MEBIBYTE);
    const name = packetName(makeCapture(hostmount, { files: [file] }), 1);
    let bytes = 0;
    const read = readFile(
      { hostmount, folder: "pcap1", file: name, from: 0, to: file.content.length },
      async (chunk) => {
        if (bytes === 0) truncateSync(inCapture(name), MEBIBYTE);
        bytes += chunk.length;
      },
      () => undefined,
    );
    await expect(read).rejects.toThrow(`${name} ended at ${MEBIBYTE} bytes while ${64 * MEBIBYTE} were read`);
    expect(bytes).toBe(MEBIBYTE);
  });
});

describe("what is no plain file", () => {
  test("a FIFO, a socket, a folder and a link to a device are refused, and keep nobody waiting", async () => {
    const prefix = makeCapture(hostmount, { files: [] });
    const [fifo = "", socket = "", folder = "", device = ""] = [1, 2, 3, 4].map((n) => packetName(prefix, n));
    await execute(["mkfifo", inCapture(fifo)]);
    const server = createServer().listen(inCapture(socket));
    await once(server, "listening");
    mkdirSync(inCapture(folder));
    symlinkSync("/dev/zero", inCapture(device));
    for (const name of [fifo, socket, folder, device]) {
      const { code, stdout, stderr } = await run("read", "pcap1", name, "--from=0", "--to=10");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/\[PCAPPER_EXPORT_(?:REFUSED|NOT_FOUND)\]\n$/);
    }
    const list = JSON.parse((await run("list")).stdout) as ExportList;
    expect(list.captures.flatMap(({ files }) => files)).toEqual([]);
    expect(list.captures[0]?.problems).toHaveLength(4);
    server.close();
  });

  test("a device itself is refused", async () => {
    const name = packetName(makeCapture(hostmount, { files: [] }), 1);
    const { code } = await execute(["mknod", inCapture(name), "c", "1", "5"]);
    // In a user namespace nobody can make one, a stranger as little as this test.
    if (code !== 0) expect(readFileSync("/proc/self/uid_map", "utf8")).not.toMatch(/ 4294967295$/m);
    const refused = code === 0 ? "PCAPPER_EXPORT_REFUSED" : "PCAPPER_EXPORT_NOT_FOUND";
    expect(await readOrRefusal(name, 10)).toBe(refused);
  });
});

describe("files of a size that is no packet's", () => {
  test("a hole of a tebibyte is listed with its size and a problem, and its beginning costs its beginning", async () => {
    const file = madeFile(1, 100);
    const name = packetName(makeCapture(hostmount, { files: [file] }), 1);
    truncateSync(inCapture(name), 2 ** 40);
    const [capture] = (JSON.parse((await run("list")).stdout) as ExportList).captures;
    expect(capture?.problems).toEqual([`${name} has ${2 ** 40} bytes, and its manifest says 100`]);
    expect(await readOrRefusal(name, 100)).toEqual(file.content);
  });

  test("offsets as large as numbers go are past the end of any", async () => {
    const name = packetName(makeCapture(hostmount, { files: [madeFile(1, 100)] }), 1);
    expect(await readOrRefusal(name, Number.MAX_SAFE_INTEGER)).toBe("PCAPPER_EXPORT_OUT_OF_RANGE");
    const { code, stderr } = await run("read", "pcap1", name, `--from=${2 ** 53 - 1}`, `--to=${2 ** 53 - 1}`);
    expect(code).toBe(1);
    expect(stderr).toContain("[PCAPPER_EXPORT_OUT_OF_RANGE]");
  });
});

describe("names that lead elsewhere", () => {
  test.each([
    ["../hostmount/pcap1", "f.00001.pcap"],
    ["pcap1\n", "f.00001.pcap"],
    ["pcap1\0", "f.00001.pcap"],
    ["/etc", "f.00001.pcap"],
    ["proc/self", "f.00001.pcap"],
    ["pcap1", "/etc/passwd"],
    ["pcap1", "../../secret"],
    ["pcap1", "..%2f..%2fsecret.00001.pcap"],
    ["pcap1", "f.00001.pcap/../../../secret"],
    ["pcap1", "f.00001.pcap\n../../secret.00001.pcap"],
    ["pcap1", `${"f".repeat(300)}.00001.pcap`],
  ])("%j, %j are wrong use", async (folder, file) => {
    makeCapture(hostmount, { files: [madeFile(1, 10)] });
    const wish = { hostmount, folder, file, from: 0, to: 1 };
    const read = readFile(
      wish,
      async () => undefined,
      () => undefined,
    );
    await expect(read).rejects.toMatchObject({ code: "PCAPPER_BAD_ARGUMENT" });
  });

  test("a folder of such a name is in no list, and neither is what is in it", async () => {
    makeCapture(hostmount, { files: [madeFile(1, 10)] });
    for (const name of ["a\nb", "-rf", ".hidden", "a b", "\u001b[31m", "~", "*"]) {
      mkdirSync(join(hostmount, name));
      writeFileSync(join(hostmount, name, "n.x.1.00001.pcap"), SECRET);
    }
    renameSync(join(hostmount, "pcap1"), join(hostmount, "pcap2"));
    const { code, stdout } = await run("list");
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as ExportList).captures.map(({ folder }) => folder)).toEqual(["pcap2"]);
  });
});
