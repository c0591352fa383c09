import { join } from "node:path";
import { expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import type { Manifest } from "../helpers/manifest.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { capture, type Pcapper, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { finishedManifest } from "../helpers/truth-checks.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";

const HALF = 400;

interface Running {
  link: Link;
  pcapper: Pcapper;
  /** Sends the next packets, on after the last ones. */
  send(): Promise<void>;
}

/** A capture on a link of its own, while `act` runs. */
async function whileCapturing(act: (running: Running) => Promise<void>): Promise<void> {
  const folder = makeTemporaryFolder();
  const link = await makeLink();
  const spec = { targetNode: "localhost", targetInterface: "near0", captureSeconds: 60, fileCount: 1 };
  const pcapper = startPcapper(capture("event", spec), { namespace: link.near, output: folder.path });
  let sent = 0;
  const send = async (): Promise<void> => {
    await sendFrames(link, { kind: "udp4", first: sent, count: HALF, length: 200, rate: 0 });
    sent += HALF;
  };
  try {
    await pcapper.running();
    await act({ link, pcapper, send });
  } finally {
    pcapper.kill("SIGKILL");
    await pcapper.ended;
    link.remove();
    folder.remove();
  }
}

async function mustHave(pcapper: Pcapper, packets: number): Promise<void> {
  await waitUntil(
    `the manifest says ${packets} packets`,
    () => pcapper.manifest()?.statistics.packets === packets,
  );
}

/** @returns the numbers that the sender gave to the packets in the files */
function numbersIn(pcapper: Pcapper, { files }: Manifest): number[] {
  const records = files.flatMap(({ name }) => readPcap(join(pcapper.folder, name)).records);
  return records.map(({ data }) => Number(data.readBigUInt64BE(data.length - 8)));
}

async function mustEnd(pcapper: Pcapper, reason: string, packets: number): Promise<void> {
  const result = await pcapper.ended;
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.resource().status).toMatchObject({
    progress: "finished",
    reason,
    statistics: { packets, dropped: 0 },
  });
  const manifest = finishedManifest({ pcapper });
  expect(manifest.finished).toMatchObject({ reason });
  expect(numbersIn(pcapper, manifest)).toEqual(Array.from({ length: packets }, (_, number) => number));
}

/** What may happen to a captured interface without ending the capture; the name it has then. */
const SURVIVED: Record<string, (link: Link) => Promise<void>> = {
  "is renamed": async ({ near }) => {
    await near.run("ip", "link", "set", "near0", "name", "other0");
  },
  "goes down and up": async ({ near }) => {
    await near.run("ip", "link", "set", "near0", "down");
    await near.run("ip", "link", "set", "near0", "up");
  },
  "goes down, is renamed and comes up": async ({ near }) => {
    await near.run("ip", "link", "set", "near0", "down");
    await near.run("ip", "link", "set", "near0", "name", "other0");
    await near.run("ip", "link", "set", "other0", "up");
  },
  "is renamed while another takes its name": async ({ near }) => {
    await near.run("ip", "link", "set", "near0", "name", "other0");
    await near.run("ip", "link", "add", "near0", "type", "veth", "peer", "name", "near1");
    await near.run("ip", "link", "set", "near0", "up");
    await near.run("ip", "link", "del", "near0");
  },
};

describeAsRoot("When the captured interface", () => {
  test.concurrent.each(Object.entries(SURVIVED))("%s, the capture goes on", async (_, happen) => {
    await whileCapturing(async ({ link, pcapper, send }) => {
      await send();
      await happen(link);
      await send();
      await mustHave(pcapper, 2 * HALF);
      pcapper.kill("SIGINT");
      await mustEnd(pcapper, "Stopped", 2 * HALF);
    });
  });

  test.concurrent("is deleted, the capture is finished and its last packets are in the file", async () => {
    await whileCapturing(async ({ link, pcapper, send }) => {
      await send();
      await link.near.run("ip", "link", "del", "near0");
      await mustEnd(pcapper, "TargetGone", HALF);
    });
  });

  test.concurrent("is renamed and deleted, the capture is finished", async () => {
    await whileCapturing(async ({ link, pcapper, send }) => {
      await link.near.run("ip", "link", "set", "near0", "name", "other0");
      await send();
      await link.far.run("ip", "link", "del", "far0");
      await mustEnd(pcapper, "TargetGone", HALF);
    });
  });
});
