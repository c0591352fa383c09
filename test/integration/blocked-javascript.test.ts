import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import { nanoseconds } from "../helpers/manifest.ts";
import { openPcap, type PcapRecord } from "../helpers/pcap-reader.ts";
import { capture, type Pcapper, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { finishedManifest } from "../helpers/truth-checks.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";

const FIXTURE = join(import.meta.dirname, "../helpers/block-javascript.mjs");
const BLOCK_FOR = 2500;
const RATE = 100_000;

interface Blocked {
  link: Link;
  pcapper: Pcapper;
  /** When JavaScript stood still; call it at the end. Milliseconds since 1970. */
  block(): { from: number; to: number };
}

/** A capture whose JavaScript is blocked `after` milliseconds from its start. */
async function withBlocked(
  { after, ...limits }: { after: number; captureSeconds: number; packetCount?: number },
  act: (blocked: Blocked) => Promise<void>,
): Promise<void> {
  const folder = makeTemporaryFolder();
  const report = join(folder.path, "block.json");
  const link = await makeLink();
  const spec = { targetNode: "localhost", targetInterface: "near0", snapLength: 96, fileCount: 1, ...limits };
  const pcapper = startPcapper(capture("blocked", spec), {
    namespace: link.near,
    output: folder.path,
    env: {
      NODE_OPTIONS: `--import=${FIXTURE}`,
      BLOCK_AFTER: String(after),
      BLOCK_FOR: String(BLOCK_FOR),
      BLOCK_REPORT: report,
    },
  });
  try {
    await pcapper.running();
    await act({ link, pcapper, block: () => JSON.parse(readFileSync(report, "utf8")) });
  } finally {
    pcapper.kill("SIGKILL");
    await pcapper.ended;
    link.remove();
    folder.remove();
  }
}

/** The only file's packets, each being the next number. @returns count, first and last time in milliseconds */
function readOnwards(pcapper: Pcapper): { packets: number; first: number; last: number } {
  const [file] = finishedManifest({ pcapper }).files;
  let packets = 0;
  let first: PcapRecord | undefined;
  let last: PcapRecord | undefined;
  for (const record of openPcap(join(pcapper.folder, file?.name ?? "")).records) {
    const number = Number(record.data.readBigUInt64BE(record.data.length - 8));
    if (number !== packets) throw new Error(`packet ${packets} is missing; ${number} follows`);
    packets += 1;
    first ??= record;
    last = record;
  }
  const milliseconds = (record?: PcapRecord): number => Number((record?.timestamp ?? 0n) / 1_000_000n);
  return { packets, first: milliseconds(first), last: milliseconds(last) };
}

const UDP = { kind: "udp4", first: 0, length: 64, rate: RATE } as const;

describeAsRoot("While JavaScript is blocked for 2.5 s at 100,000 packets a second", () => {
  test("no packet is lost", async () => {
    const count = 5 * RATE;
    await withBlocked(
      { after: 1000, captureSeconds: 60, packetCount: count },
      async ({ link, pcapper, block }) => {
        await sendFrames(link, { ...UDP, count });
        const result = await pcapper.ended;
        expect(result, result.stderr).toMatchObject({ exitCode: 0 });
        expect(result.resource().status).toMatchObject({
          reason: "PacketCountReached",
          statistics: { packets: count, dropped: 0 },
        });
        const { packets, first, last } = readOnwards(pcapper);
        expect(packets).toBe(count);
        const { from, to } = block();
        expect(first, "packets came before the block").toBeLessThan(from);
        expect(last, "packets came after the block").toBeGreaterThan(to);
      },
    );
  });

  test("the end is on time", async () => {
    const captureSeconds = 3;
    await withBlocked({ after: 1500, captureSeconds }, async ({ link, pcapper, block }) => {
      const sending = sendFrames(link, { ...UDP, count: 4 * RATE });
      const result = await pcapper.ended;
      await sending;
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
      const { status } = result.resource();
      expect(status).toMatchObject({ reason: "TimeElapsed", statistics: { dropped: 0 } });
      const end = Date.parse(status?.endTime ?? "");
      const start = Date.parse(status?.startTime ?? "");
      const { from, to } = block();
      expect(end, "the end came in the block").toBeGreaterThan(from);
      expect(end, "the end came in the block").toBeLessThan(to);
      expect(Math.abs(end - start - captureSeconds * 1000)).toBeLessThan(500);

      const { packets, last } = readOnwards(pcapper);
      expect(packets).toBe(status?.statistics?.packets);
      const manifest = finishedManifest({ pcapper });
      const due = Number(nanoseconds(manifest.startTime) / 1_000_000n) + captureSeconds * 1000;
      expect(Math.abs(last - due), "the last packet came at the end").toBeLessThan(500);
    });
  });
});
