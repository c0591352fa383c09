import { join } from "node:path";
import { expect, test } from "vitest";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { openPcap } from "../helpers/pcap-reader.ts";
import { capture, type Pcapper, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { finishedManifest } from "../helpers/truth-checks.ts";
import { waitUntil } from "../helpers/wait-until.ts";

/** A receiver that cannot keep up: far less room and speed than the sender has. */
const SLOW = { CAPTURE_BUFFER: "1Mi", MAX_WRITE_RATE: "8Mi" };
const AS_FAST_AS_POSSIBLE = 0;

interface Flood {
  traffic: SteadyTraffic;
  pcapper: Pcapper;
}

/** How a capture may end, and what brings that about while packets go on coming. */
const ENDS: [reason: string, spec: object, happen: (flood: Flood) => Promise<void>][] = [
  ["TimeElapsed", { captureSeconds: 2 }, async () => undefined],
  ["PacketCountReached", { packetCount: 200_000 }, async () => undefined],
  ["Stopped", {}, async ({ pcapper }) => pcapper.kill("SIGINT")],
  [
    "TargetGone",
    {},
    async ({ traffic }) => {
      await traffic.near.run("ip", "link", "del", traffic.nearName);
    },
  ],
];

/** The numbers that the sender gave to the packets in the files, which may come in another order. */
function numbersIn(pcapper: Pcapper): { count: number; missing: number } {
  const numbers = new Set<number>();
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (const { name } of finishedManifest({ pcapper }).files) {
    for (const { data } of openPcap(join(pcapper.folder, name)).records) {
      const number = Number(data.readBigUInt64BE(data.length - 8));
      if (numbers.has(number)) throw new Error(`packet ${number} is there twice`);
      numbers.add(number);
      first = Math.min(first, number);
      last = Math.max(last, number);
    }
  }
  return { count: numbers.size, missing: last - first + 1 - numbers.size };
}

/** Packets that the far end could not hand over: they never reached the interface. It went with it, perhaps. */
async function neverReached({ far, farName }: SteadyTraffic): Promise<number> {
  try {
    return (await interfaceCounters(far, farName)).sendDropped;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

describeAsRoot("A flood that does not end", () => {
  test.each(ENDS)(
    "does not hold up %s, and what was lost in between is counted",
    async (reason, spec, happen) => {
      const folder = makeTemporaryFolder();
      const traffic = await makeSteadyTraffic(AS_FAST_AS_POSSIBLE);
      const target = { targetNode: "localhost", targetInterface: traffic.nearName };
      const pcapper = startPcapper(
        capture("flood", { ...target, captureSeconds: 600, maxFileSize: "200M", fileCount: 1, ...spec }),
        { namespace: traffic.near, output: folder.path, env: { ...SLOW, MIN_FREE_DISK: "0" } },
      );
      try {
        await pcapper.running();
        await waitUntil("it has lost packets", () => (pcapper.manifest()?.statistics.dropped ?? 0) > 0);
        await happen({ traffic, pcapper });
        const result = await pcapper.ended;
        const lostBefore = await neverReached(traffic);
        expect(result, result.stderr).toMatchObject({ exitCode: 0 });
        const { status } = result.resource();
        const { statistics } = finishedManifest({ pcapper });
        expect(status).toMatchObject({ progress: "finished", reason, statistics });
        const { count, missing } = numbersIn(pcapper);
        expect(count).toBe(statistics.packets);
        expect(statistics.dropped).toBeGreaterThan(0);
        expect(missing, JSON.stringify({ statistics, lostBefore })).toBeLessThanOrEqual(
          statistics.dropped + lostBefore,
        );
      } finally {
        pcapper.kill("SIGKILL");
        await pcapper.ended;
        traffic.remove();
        folder.remove();
      }
    },
  );
});
