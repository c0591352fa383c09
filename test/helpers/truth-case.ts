import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Offered, Traffic, TrafficSite } from "../traffic/traffic.ts";
import { judge } from "./judges.ts";
import { lookAtRunning, mustBeAsListed, pathOf } from "./live-look.ts";
import type { PcapRecord } from "./pcap-reader.ts";
import { capture, type Pcapper, type PcapperResult, startPcapper } from "./pcapper.ts";
import { startTcpdump, type Tcpdump } from "./tcpdump.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { waitUntil } from "./wait-until.ts";

export interface TruthCase {
  traffic: Traffic;
  filtered: boolean;
  ring: boolean;
}

/** What one capture did, and what it should have. */
export interface TruthOutcome {
  /** Packets that passed while it ran and that it was asked for. */
  offered: number;
  /** What a tcpdump beside it wrote. */
  reference: PcapRecord[];
  pcapper: Pcapper;
  result: PcapperResult;
  limits: { snapLength: number; maxFileSize: number; fileCount: number };
}

/** Bytes of the longest packet without offload. */
const LONGEST_FRAME = 1600;
const ONE_FILE = { snapLength: 262_144, maxFileSize: 100_000_000, fileCount: 1 };

/** Captures the traffic of one case while readers look on; `examine` gets the outcome while the files are there. */
export async function runTruthCase(
  { traffic, filtered, ring }: TruthCase,
  examine: (outcome: TruthOutcome) => Promise<void>,
): Promise<void> {
  const { interfaceName, snapLength = ONE_FILE.snapLength, tcpdumpLinkType: linkType } = traffic;
  const limits = ring ? { ...traffic.ring, fileCount: filtered ? 2 : 3 } : { ...ONE_FILE, snapLength };
  const filter = filtered ? traffic.filter : "";
  const folder = makeTemporaryFolder();
  const site = await traffic.open();
  const spec = { targetNode: "localhost", targetInterface: interfaceName, captureSeconds: 60, ...limits };
  const pcapper = startPcapper(capture("truth", filtered ? { ...spec, captureFilter: filter } : spec), {
    namespace: site.namespace,
    output: folder.path,
  });
  let tcpdump: Tcpdump | undefined;
  try {
    const path = join(folder.path, "reference.pcap");
    // Whole packets: with a short snap length libpcap itself judges the first ones by what is left of them.
    // No more than that: its ring has room for so many packets of that length.
    const enough = Math.max(traffic.ring.snapLength, LONGEST_FRAME);
    const reference = { interfaceName, filter, snapLength: enough, path };
    tcpdump = await startTcpdump(site.namespace, linkType ? { ...reference, linkType } : reference);
    await pcapper.running();
    const asked = (offered: Offered): number => (filtered ? offered.matching : offered.all);

    await site.send();
    await mustShow(pcapper, asked(await site.offered()));
    await judgeRunning(pcapper);
    await sendWatched(site, pcapper);
    pcapper.kill("SIGINT");
    const offered = asked(await site.offered());
    const result = await pcapper.ended;
    const whole = await tcpdump.finish(offered);
    const cut = whole.map((record) => ({ ...record, data: record.data.subarray(0, limits.snapLength) }));
    await examine({ offered, reference: cut, pcapper, result, limits });
  } finally {
    tcpdump?.kill();
    pcapper.kill("SIGKILL");
    await pcapper.ended;
    site.remove();
    folder.remove();
  }
}

/** A quiet capture's packets are in the file, and in the manifest, within about a second. */
async function mustShow(pcapper: Pcapper, count: number): Promise<void> {
  let shown = 0;
  await waitUntil(`the manifest answers for ${count} packets`, () => {
    shown = lookAtRunning(pcapper);
    return shown >= count;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it answers for ${shown}`);
  });
  if (shown !== count) throw new Error(`the manifest answers for ${shown} packets of ${count}`);
}

/** All readers, on the very file being written, in a pause of the traffic, and on the oldest that is finished. */
async function judgeRunning(pcapper: Pcapper): Promise<void> {
  const { current, files: [oldest] = [] } = pcapper.manifest() ?? {};
  if (current !== undefined) mustBeAsListed(current, (await judge(pathOf(pcapper.folder, current))).records);
  if (oldest !== undefined) await judge(pathOf(pcapper.folder, oldest));
}

const LOOK_EVERY_MS = 5;

/** Sends the other half, and reads on while packets come in. */
async function sendWatched(site: TrafficSite, pcapper: Pcapper): Promise<void> {
  let sending = true;
  const sent = site.send().finally(() => {
    sending = false;
  });
  const watched = (async () => {
    while (sending) {
      lookAtRunning(pcapper);
      await pause(LOOK_EVERY_MS);
    }
  })();
  await Promise.all([sent, watched]);
}
