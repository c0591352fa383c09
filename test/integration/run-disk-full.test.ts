import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { PacketCapture } from "../../src/api/resource.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

/**
 * In a mount namespace of its own, so that nothing stays: a small ext4, a neighbour's file on it, a
 * capture under traffic, and a second writer that takes the rest. Tells what is left as lines.
 */
const SCRIPT = `
set -e
cd "$SCRATCH"; truncate -s 48M image; mkfs.ext4 -q -m 0 image; mkdir disk; mount -o loop image disk
head -c 1000000 /dev/urandom > disk/neighbour; before=$(sha256sum < disk/neighbour)
set +e
"$PCAPPER" run -f capture.yaml --output disk/out > resource 2> log & pid=$!
until grep -qs '"running"' disk/out/pcap1/*.status.json; do sleep 0.05; done
ping -q -f -s 1400 -w 20 127.0.0.1 > /dev/null 2>&1 & ping=$!
head -c 100m /dev/zero > disk/filler 2> /dev/null
wait $pid; echo "exit $?"; kill $ping; wait $ping
[ "$before" = "$(sha256sum < disk/neighbour)" ] && echo "neighbour untouched"
cat disk/out/pcap1/*.status.json > status
cat disk/out/pcap1/*[0-9].json > manifest
for file in disk/out/pcap1/*.pcap; do capinfos -TrMc "$file" 2>&1; done | sed 's/^/pcap /'
ls -A disk/out/pcap1 | sed 's/^/left /'
`;

describeAsRoot("pcapper run on a disk that fills", () => {
  let link: Link;
  let scratch: TemporaryFolder;
  beforeAll(async () => {
    link = await makeLink();
    scratch = makeTemporaryFolder();
  });
  afterAll(() => {
    link.remove();
    scratch.remove();
  });

  test("ends as DiskFull with whole files, exact counters and a status on the disk", async () => {
    const spec = {
      targetNode: "localhost",
      targetInterface: "lo",
      captureSeconds: 60,
      maxFileSize: "8M",
      fileCount: 4,
    };
    const resource = {
      apiVersion: "packetcapture/v1alpha1",
      kind: "PacketCapture",
      metadata: { name: "pcap1" },
      spec,
    };
    writeFileSync(join(scratch.path, "capture.yaml"), JSON.stringify(resource));
    const variables = [`SCRATCH=${scratch.path}`, `PCAPPER=${LAUNCHER}`, "MIN_FREE_DISK=0"];
    const { stdout, stderr } = await execute(
      link.near.inside(["unshare", "--mount", "env", ...variables, "sh", "-c", SCRIPT]),
    );
    const lines = stdout.trim().split("\n");
    expect(lines, stderr).toEqual(expect.arrayContaining(["exit 1", "neighbour untouched"]));

    const read = (name: string) => readFileSync(join(scratch.path, name), "utf8");
    const ended = parse(read("resource")) as PacketCapture;
    expect(ended.status).toMatchObject({ progress: "failure", reason: "DiskFull" });
    expect(JSON.parse(read("status"))).toEqual(ended);
    expect(JSON.parse(read("manifest")).finished.reason).toBe("DiskFull");

    const counts = lines
      .filter((line) => line.startsWith("pcap "))
      .map((line) => Number(line.split("\t")[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ended.status?.statistics?.packets);
    const left = lines.filter((line) => line.startsWith("left "));
    expect(left.filter((line) => /^left \.|\.part$/.test(line))).toEqual([]);
  });
});
