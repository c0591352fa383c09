import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { StoredCapture } from "../kubernetes/packet-captures.ts";
import { type CaptureOnDisk, capturesOnDisk, numbersOf } from "./captures-on-disk.ts";
import { apiServerForFile } from "./cluster.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
const NAME = "again";
const LIVES = 50;
const PACKETS = 10;
const SEED = 4;

/** What a capture has come to when it is deleted and made again. */
const STATES = ["made", "claimed", "running", "recorded", "stopping", "finished"] as const;

describeAsRoot("a name that is deleted and made again fifty times, at random states", () => {
  let node: OneNode;
  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  const random = seededRandom(SEED);
  let sent = 0;

  /** What this life has on disk; undefined while it has no manifest. */
  const onDisk = ({ metadata }: StoredCapture): CaptureOnDisk | undefined =>
    capturesOnDisk(node.hostmount, NAME).find(({ capture }) => capture.uid === metadata.uid);

  /** Packets of this life only are in its files, and all of them. */
  async function record(life: StoredCapture): Promise<void> {
    const first = sent;
    await node.send(PACKETS);
    sent += PACKETS;
    await waitUntil("its packets are published", () => onDisk(life)?.statistics.packets === PACKETS);
    // The files of the life before may go at any moment now.
    await pause(random.below(800));
    expectOnly(life, first);
  }

  function expectOnly(life: StoredCapture, first: number): void {
    const found = onDisk(life);
    expect(found && numbersOf(found)).toEqual(Array.from({ length: PACKETS }, (_, index) => first + index));
  }

  async function liveUntil(state: (typeof STATES)[number], life: StoredCapture): Promise<void> {
    if (state === "made") return;
    await waitUntil("it is claimed", async () => (await node.read(NAME)).status?.progress !== undefined, 30);
    if (state === "claimed") return;
    await node.until(NAME, "running", 30);
    if (state === "running") return;
    await record(life);
    if (state === "recorded") return;
    await node.stop(NAME);
    if (state === "stopping") return await pause(random.below(30));
    const { metadata, status } = await node.until(NAME, "finished", 30);
    expect(metadata.uid).toBe(life.metadata.uid);
    expect(status).toMatchObject({
      reason: "Stopped",
      statistics: { packets: PACKETS, dropped: 0, files: 1 },
    });
    const { fileLocation = "" } = status ?? {};
    expect(existsSync(fileLocation.replace("/var/pcapper", node.hostmount)), fileLocation).toBe(true);
    expectOnly(life, sent - PACKETS);
  }

  test("each life has its own packets, and the last one is all that is left", async () => {
    const told: string[] = [];
    for (let count = 1; count < LIVES; count += 1) {
      const life = await node.create(NAME);
      const state = random.pick(STATES);
      told.push(state);
      await liveUntil(state, life);
      await node.remove(NAME);
    }
    expect(new Set(told)).toEqual(new Set(STATES));

    const last = await node.create(NAME);
    await liveUntil("recorded", last);
    await waitUntil(
      "the others have lost their files",
      () => capturesOnDisk(node.hostmount, NAME).length === 1,
      60,
    );
    expectOnly(last, sent - PACKETS);
    await node.stop(NAME);
    const { metadata, status } = await node.until(NAME, "finished", 30);
    expect(metadata.uid).toBe(last.metadata.uid);
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: PACKETS, dropped: 0 } });
    expect(node.files(NAME)).toHaveLength(1);
    expect(await node.packets(NAME)).toBe(PACKETS);
    await waitUntil("nothing temporary is left", () => node.temporary(NAME).length === 0);
    await node.remove(NAME);
    await waitUntil("the folder is gone", () => !existsSync(join(node.hostmount, NAME)), 30);
  }, 300_000);
});
