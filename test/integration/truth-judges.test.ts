import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeBesideTcpdump } from "../helpers/as-root.ts";
import { judge } from "../helpers/judges.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { startTcpdump } from "../helpers/tcpdump.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { KINDS } from "../traffic/kinds.ts";

const folder = makeTemporaryFolder();
const path = join(folder.path, "whole.pcap");
afterAll(folder.remove);

/** Bytes of the file changed by `change`, in a file of their own. */
function falsified(name: string, change: (bytes: Buffer) => Buffer): string {
  const changed = join(folder.path, `${name}.pcap`);
  writeFileSync(changed, change(readFileSync(path)));
  return changed;
}

function uint32At(offset: number, value: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes.writeUInt32LE(value, offset);
    return bytes;
  };
}

describeBesideTcpdump("The judges of capture files", () => {
  beforeAll(async () => {
    const traffic = KINDS[0];
    if (traffic === undefined) throw new Error("no traffic");
    const site = await traffic.open();
    const options = { interfaceName: "near0", filter: "", snapLength: 100, path };
    const tcpdump = await startTcpdump(site.namespace, options);
    await site.send();
    await tcpdump.finish((await site.offered()).all);
    site.remove();
  });

  test("agree about a file that is whole", async () => {
    const { records, snapLength, linkType } = await judge(path);
    expect({ packets: records.length, snapLength, linkType }).toEqual({
      packets: 500,
      snapLength: 100,
      linkType: 1,
    });
  });

  const falsehoods: [what: string, change: (bytes: Buffer) => Buffer, complaint: RegExp][] = [
    ["a last packet cut short", (bytes) => bytes.subarray(0, -1), /99 of 100 bytes are there/],
    ["a record header cut short", (bytes) => bytes.subarray(0, -101), /15 stray bytes/],
    [
      "a page of zeros at the end",
      (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)]),
      /a record of zeros/,
    ],
    ["a byte too many", (bytes) => Buffer.concat([bytes, Buffer.from("x")]), /1 stray bytes/],
    ["a file header cut short", (bytes) => bytes.subarray(0, 20), /20 bytes, not 24/],
    ["microseconds", uint32At(0, 0xa1b2c3d4), /magic 0xa1b2c3d4/],
    ["more kept than the snap length", uint32At(32, 101), /snap length 100/],
    ["more kept than there was", uint32At(36, 99), /100 bytes kept of 99/],
    ["impossible nanoseconds", uint32At(28, 1e9), /1000000000 nanoseconds/],
  ];
  test.each(falsehoods)("notice %s", async (what, change, complaint) => {
    await expect(judge(falsified(what, change))).rejects.toThrow(complaint);
  });

  test("read a running file as far as they are told", () => {
    expect(readPcap(path, 24 + 3 * 116).records).toHaveLength(3);
    expect(() => readPcap(path, 24 + 3 * 116 + 1)).toThrow("1 stray bytes");
  });
});
