import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadNative } from "../../src/capture/native.ts";
import { packetsIn, recoverIn } from "../fixtures/lifecycle/left-files.ts";
import { ADDON } from "../fixtures/lifecycle/run-child.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest, mustExecute } from "../helpers/execute.ts";
import { readManifest } from "../helpers/manifest.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const PACKETS_A_SECOND = 2_000;
const CAPTURE_SECONDS = 6;
/** What may be lost, in nanoseconds. */
const LAST_TWO_SECONDS = 2_000_000_000n;
const MEGABYTES = { ext4: 64, xfs: 320 } as const;
const CHILD = join(import.meta.dirname, "../fixtures/lifecycle/child.mjs");

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
          const stop = startCapture(traffic, running, rotating ? 300_000 : 50_000_000);
          const { cutAt } = await afterSomeSeconds(running, disks);
          await stop();
          const after = await mountImage(disks, kind, "copy", mounted, false);
          const manifest = readManifest(join(after, "t.json"));
          await recoverIn(loadNative(), after);
          expect(await packetsIn(after)).toBeGreaterThanOrEqual(
            manifest.statistics.packets - manifest.removed.packets,
          );
          mustReachUntil(after, cutAt - LAST_TWO_SECONDS);
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

/** @returns what ends the capture and waits for it */
function startCapture({ near }: SteadyTraffic, folder: string, maxFileSize: number): () => Promise<void> {
  const options = {
    ...{ interfaceName: "near0", filter: "", snapLength: 1500, promiscuous: true, ringBytes: 4 << 20 },
    ...{ captureSeconds: 50, packetCount: 0, folder, filePrefix: "t", maxFileSize, fileCount: 40 },
    ...{ maxWriteRate: 0, manifestHead: "{}" },
  };
  const task = JSON.stringify({ addon: ADDON, state: "never", ending: "return", options });
  // Into its network only: what was mounted just now is not in its mount namespace.
  const command = ["nsenter", `-t${near.pid}`, "-n", "--", process.execPath, CHILD, task];
  const child = spawn("setpriv", dyingWithTest(command), { stdio: "ignore" });
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  const closed = once(child, "close");
  return async () => {
    kill();
    await closed;
  };
}

/** Copies the image of a capture that runs for some seconds, nothing synced, as a power cut leaves it. */
async function afterSomeSeconds(folder: string, { path }: TemporaryFolder): Promise<{ cutAt: bigint }> {
  const manifest = join(folder, "t.json");
  const wanted = PACKETS_A_SECOND * CAPTURE_SECONDS;
  await waitUntil(
    "the capture has run for some seconds",
    () => {
      return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).statistics.packets >= wanted;
    },
    30,
  );
  const cutAt = BigInt(Date.now()) * 1_000_000n;
  await mustExecute([
    "cp",
    "--reflink=auto",
    "--sparse=always",
    join(path, "running.image"),
    join(path, "copy.image"),
  ]);
  return { cutAt };
}

/** The packets in a folder begin at the first one and go on, without a gap, to `time` at least. */
function mustReachUntil(folder: string, time: bigint): void {
  const paths = globSync(`${folder}/*.pcap`).sort();
  const times = paths.flatMap((path) => readPcap(path).records.map(({ timestamp }) => timestamp));
  expect(times.at(-1) ?? 0n).toBeGreaterThan(time);
  expect(times.length).toBeGreaterThan(PACKETS_A_SECOND * (CAPTURE_SECONDS - 2));
}
