import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { dyingWithTest, execute } from "../helpers/execute.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
  mkdirSync(join(folder.path, "host"));
  mkdirSync(join(folder.path, "out"));
  return () => folder.remove();
});

const hostmount = (): string => join(folder.path, "host");
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const there = (...path: string[]): Buffer => readFileSync(join(hostmount(), ...path));
const here = (...path: string[]): Buffer => readFileSync(join(folder.path, "out", ...path));

/** @param meanwhile done when the first bytes have come, while nothing is read: the sender waits for us */
async function exportTar(meanwhile: () => void = () => undefined, ...args: string[]) {
  const command = [LAUNCHER, "export", "tar", "--hostmount", hostmount(), ...args];
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const said = text(child.stderr);
  await once(child.stdout, "readable");
  meanwhile();
  const path = join(folder.path, "archive.tar");
  await pipeline(child.stdout, createWriteStream(path));
  const [code] = await ended;
  const unpacked = await execute(["tar", "-x", "-f", path, "-C", join(folder.path, "out")]);
  return { code, stderr: await said, unpacked };
}

describe("pcapper export tar", () => {
  test("has all captures, their manifests and the checksums of all", async () => {
    const files = [madeFile(1, 70_000), madeFile(2, 0)];
    const prefix = makeCapture(hostmount(), { files });
    const { code, stderr, unpacked } = await exportTar();
    expect({ code, stderr, unpacked }).toMatchObject({
      code: 0,
      stderr: "",
      unpacked: { code: 0, stderr: "" },
    });
    const paths = [packetName(prefix, 1), packetName(prefix, 2), `${prefix}.json`].map(
      (name) => `pcap1/${name}`,
    );
    for (const path of paths) expect(here(path).equals(there(path))).toBe(true);
    expect(here("checksums.sha256").toString()).toBe(
      paths.map((path) => `${sha256(there(path))}  ${path}\n`).join(""),
    );
  });

  test("stays readable when a file becomes shorter while it is sent: the rest comes, and what is missing is told", async () => {
    const large = madeFile(1, 20_000_000);
    const prefix = makeCapture(hostmount(), { files: [large, madeFile(2, 500)] });
    makeCapture(hostmount(), { folder: "pcap2", files: [madeFile(1, 70)] });
    const [cut, whole] = [packetName(prefix, 1), packetName(prefix, 2)];
    const { code, stderr, unpacked } = await exportTar(() => {
      truncateSync(join(hostmount(), "pcap1", cut), 10_000_000);
    });
    expect({ code, unpacked }).toMatchObject({ code: 1, unpacked: { code: 0, stderr: "" } });
    expect(stderr).toBe(
      `pcapper: pcap1/${cut} ended at 10000000 bytes while 20000000 were read: in the archive it has zeros up to 20000000 bytes, and a checksum that does not fit [PCAPPER_EXPORT_INCOMPLETE]\n`,
    );
    const came = here("pcap1", cut);
    expect(came).toHaveLength(20_000_000);
    expect(came.subarray(0, 10_000_000).equals(large.content.subarray(0, 10_000_000))).toBe(true);
    expect(came.subarray(10_000_000).equals(Buffer.alloc(10_000_000))).toBe(true);
    for (const path of [`pcap1/${whole}`, `pcap1/${prefix}.json`]) {
      expect(here(path).equals(there(path))).toBe(true);
    }
    const check = await execute([
      ...["sh", "-c", 'cd "$1" && sha256sum --check --quiet checksums.sha256'],
      ...["sh", join(folder.path, "out")],
    ]);
    expect(check.stdout).toBe(`pcap1/${cut}: FAILED\n`);
  });

  test("has the bytes of a file that is removed while it is sent, and names one that went before", async () => {
    const files = [madeFile(1, 5_000_000), madeFile(2, 500), madeFile(3, 500)];
    const prefix = makeCapture(hostmount(), { files });
    const [first, second, third] = [1, 2, 3].map((number) => packetName(prefix, number));
    const { code, stderr, unpacked } = await exportTar(() => {
      for (const name of [first, second]) unlinkSync(join(hostmount(), "pcap1", name ?? ""));
    });
    expect({ code, unpacked }).toMatchObject({ code: 1, unpacked: { code: 0 } });
    expect(here("pcap1", first ?? "").equals(files[0]?.content ?? Buffer.alloc(0))).toBe(true);
    expect(here("pcap1", third ?? "").equals(there("pcap1", third ?? ""))).toBe(true);
    expect(stderr).toBe(`pcapper: pcap1/${second} is not there [PCAPPER_EXPORT_INCOMPLETE]\n`);
  });

  test("does not call it a failure that the ring of a running capture removes files meanwhile", async () => {
    const files = [madeFile(1, 5_000_000), madeFile(2, 500)];
    const prefix = makeCapture(hostmount(), { files, part: { ...madeFile(3, 90), published: 64 } });
    const gone = packetName(prefix, 2);
    const remove = (): void => unlinkSync(join(hostmount(), "pcap1", gone));
    const { code, stderr } = await exportTar(remove, "--include-running");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `pcapper: left out: pcap1: ${gone}: its ring has removed it meanwhile\n`,
    });
    expect(here("pcap1", packetName(prefix, 3))).toHaveLength(64);
  });

  test("one odd name is told, and takes nothing else with it", async () => {
    const prefix = makeCapture(hostmount(), { files: [madeFile(1, 100)] });
    writeFileSync(join(hostmount(), "pcap1", "x.status.00001.pcap"), "odd");
    const { code, stderr } = await exportTar();
    expect(code).toBe(1);
    expect(stderr).toContain('pcap1: "x.status.00001.pcap" is no name that pcapper gives');
    expect(here("pcap1", packetName(prefix, 1)).equals(there("pcap1", packetName(prefix, 1)))).toBe(true);
  });
});
