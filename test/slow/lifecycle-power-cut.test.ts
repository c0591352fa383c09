import { spawnSync } from "node:child_process";
import { globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packetsIn, unfinishedIn } from "../fixtures/lifecycle/left-files.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { mustExecute } from "../helpers/execute.ts";
import { type Manifest, readManifest } from "../helpers/manifest.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { capture, type Pcapper, readStatus, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const PACKETS_A_SECOND = 2_000;
const CAPTURE_SECONDS = 6;
/** What may be lost, in nanoseconds. */
const LAST_TWO_SECONDS = 2_000_000_000n;
const MEGABYTES = { ext4: 64, xfs: 320 } as const;
const ONE_FILE = "30M";
const NAME = "cut";
const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

describeAsRoot("A power cut while a capture runs", () => {
  let traffic: SteadyTraffic;
  beforeAll(async () => {
    traffic = await makeSteadyTraffic(PACKETS_A_SECOND);
  });
  afterAll(() => traffic.remove());

  for (const kind of ["ext4", "xfs"] as const) {
    const hasTools = globSync([`/sbin/mkfs.${kind}`, `/usr/sbin/mkfs.${kind}`]).length > 0;
    for (const rotating of [false, true]) {
      const title = `on ${kind}${rotating ? ", in a ring" : ""}: all but the last two seconds are there and readable`;
      test.skipIf(!hasTools)(title, async () => {
        const disks = makeTemporaryFolder();
        const mounted: (() => void)[] = [];
        try {
          const running = await mountImage(disks, kind, "running", mounted, true);
          const pcapper = await startCapture(traffic, running, rotating ? "300k" : ONE_FILE);
          const { cutAt } = await afterSomeSeconds(pcapper, disks);
          pcapper.kill("SIGKILL");
          await pcapper.ended;
          const after = await mountImage(disks, kind, "copy", mounted, false);
          await mustRecover(after, cutAt);
        } finally {
          for (const unmount of mounted.reverse()) unmount();
          disks.remove();
        }
      });
    }
  }
});

/** Makes and mounts, or mounts as it is, an image of a file system. */
async function mountImage(
  { path }: TemporaryFolder,
  kind: keyof typeof MEGABYTES,
  name: "running" | "copy",
  mounted: (() => void)[],
  make: boolean,
): Promise<string> {
  const [image, folder] = [join(path, `${name}.image`), join(path, name)];
  mkdirSync(folder);
  if (make) {
    await mustExecute(["truncate", "-s", `${MEGABYTES[kind]}M`, image]);
    await mustExecute([`mkfs.${kind}`, "-q", image]);
  }
  // Two xfs of one identity may not be mounted at once; the other kinds know no such thing.
  await mustExecute(["mount", "-o", kind === "xfs" ? "loop,nouuid" : "loop", image, folder]);
  mounted.push(atLatestAtExit(() => void spawnSync("umount", ["-l", folder])));
  return folder;
}

/** A capture of `pcapper run` on the disk. */
async function startCapture({ near }: SteadyTraffic, output: string, maxFileSize: string): Promise<Pcapper> {
  // Into its network only: what was mounted just now is not in its mount namespace.
  const inside = (command: readonly string[]): string[] => [
    "nsenter",
    `-t${near.pid}`,
    "-n",
    "--",
    ...command,
  ];
  const spec = { targetNode: "localhost", targetInterface: "near0", captureSeconds: 50 };
  const files = { maxFileSize, fileCount: maxFileSize === ONE_FILE ? 1 : 40 };
  const pcapper = startPcapper(capture(NAME, { ...spec, ...files }), {
    namespace: { ...near, inside },
    output,
    env: { MIN_FREE_DISK: "0", CAPTURE_BUFFER: "4Mi" },
  });
  await pcapper.running();
  return pcapper;
}

/** Copies the image of a capture that runs for some seconds, nothing synced, as a power cut leaves it. */
async function afterSomeSeconds(pcapper: Pcapper, { path }: TemporaryFolder): Promise<{ cutAt: bigint }> {
  const wanted = PACKETS_A_SECOND * CAPTURE_SECONDS;
  const packets = (): number => pcapper.manifest()?.statistics.packets ?? 0;
  await waitUntil("the capture has run for some seconds", () => packets() >= wanted, 30);
  const cutAt = BigInt(Date.now()) * 1_000_000n;
  const images = [join(path, "running.image"), join(path, "copy.image")];
  await mustExecute(["cp", "--reflink=auto", "--sparse=always", ...images]);
  return { cutAt };
}

/** What `pcapper recover` makes of a disk after the cut. */
async function mustRecover(output: string, cutAt: bigint): Promise<void> {
  const folder = join(output, NAME);
  const published = manifestIn(folder).statistics.packets;
  expect(manifestIn(folder).finished).toBeUndefined();
  await mustExecute([LAUNCHER, "recover", "--output", output]);
  const { finished, statistics, removed } = manifestIn(folder);
  expect(finished?.reason).toBe("Interrupted");
  expect(readStatus(folder)?.status?.reason).toBe("Interrupted");
  expect(unfinishedIn(folder)).toEqual([]);
  expect(removed.packets).toBe(0);
  expect(await packetsIn(folder)).toBe(statistics.packets);
  expect(statistics.packets).toBeGreaterThanOrEqual(published);
  mustReachUntil(folder, cutAt - LAST_TWO_SECONDS);
}

function manifestIn(folder: string): Manifest {
  const [path = ""] = globSync(`${folder}/*.json`, { exclude: (name) => name.endsWith(".status.json") });
  return readManifest(path);
}

/** The packets in a folder go on, without a gap in the sender's numbers, to `time` at least. */
function mustReachUntil(folder: string, time: bigint): void {
  const paths = globSync(`${folder}/*.pcap`).sort();
  const records = paths.flatMap((path) => readPcap(path).records);
  expect(records.at(-1)?.timestamp ?? 0n).toBeGreaterThan(time);
  expect(records.length).toBeGreaterThan(PACKETS_A_SECOND * (CAPTURE_SECONDS - 2));
  const numbers = records.map(({ data }) => data.readBigUInt64BE(data.length - 8));
  const gaps = numbers.filter((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0n) + 1n);
  expect(gaps).toEqual([]);
}
