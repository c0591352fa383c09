import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd, Native } from "../../capture/native.ts";
import { type CaptureStore, keyOf, StatusConflict } from "../../store/capture-store.ts";
import { reopenPlace } from "../../store/files/capture-place.ts";
import { repairRemains, sealManifest } from "../../store/files/remains.ts";
import { finishedManifest, reportOf } from "../../store/files/repair.ts";
import { type ToldEnd, toldManifest } from "../../store/files/told-manifest.ts";
import { CaptureGone } from "../../store/kubernetes/kubernetes-store.ts";
import { addedStatus } from "../added-status.ts";
import { packetFiles } from "../file-names.ts";
import { isFinal } from "../progress.ts";
import { type KeptCapture, keptCaptures } from "../retention/kept-captures.ts";
import { toldEnd } from "./told-end.ts";

export interface SettleWorld {
  native: Native;
  store: Pick<CaptureStore, "read" | "writeStatus">;
  hostmount: string;
  hostPath: string;
  cluster: string;
  /** A capture of this node, as the API server has it; undefined = it is not there, or not ours. */
  own(uid: string): PacketCapture | undefined;
  isAtWork(uid: string): boolean;
  say(line: string): void;
  now(): number;
}

const DIED: CaptureEnd = {
  reason: "Interrupted",
  message: "The agent ended while the capture ran; its files were checked and kept.",
};

/**
 * Captures that were running here, and that will not go on: others have given their end meanwhile (AgentLost), their
 * resource is gone, or their disk took no manifest at their end. Their files are made whole; a resource that is still
 * there is told what its node has of it.
 */
export async function settleRemains(world: SettleWorld): Promise<void> {
  for await (const captures of keptCaptures(world.hostmount, world.cluster)) {
    for (const kept of captures) {
      const { uid, name } = kept.manifest.capture;
      const own = world.own(uid);
      // What lies in another capture's folder is told of nobody.
      const capture = own?.metadata.name === name ? own : undefined;
      const goesOn = capture !== undefined && !isFinal(capture.status?.progress);
      if (kept.manifest.finished !== undefined || goesOn || world.isAtWork(uid)) continue;
      try {
        await settle(world, kept, capture);
      } catch (error) {
        world.say(`${name}: its files could not be checked: ${(error as Error).message}`);
      }
    }
  }
}

async function settle(
  world: SettleWorld,
  kept: KeptCapture,
  capture: PacketCapture | undefined,
): Promise<void> {
  // Of one that has ended only little is known here.
  const now = capture === undefined ? undefined : await world.store.read(keyOf(capture));
  const told = now?.metadata.uid === kept.manifest.capture.uid ? toldByItself(now) : undefined;
  const place = reopenPlace(world.native, kept.folder, kept.prefix);
  if (place === undefined) return;
  try {
    const { manifest, lastSeen } = await repairRemains(world.native, kept, world.say);
    await sealManifest(kept.folder, kept.prefix, (repaired) =>
      told === undefined ? finishedManifest(repaired, DIED, lastSeen) : toldManifest(repaired, told),
    );
    if (capture === undefined) return;
    const folder = join(world.hostPath, manifest.capture.name);
    const files = packetFiles(kept.prefix, readdirSync(kept.folder)).map(({ name }) => join(folder, name));
    const { gaps = [] } = manifest;
    const report = { ...reportOf(manifest), endTime: Date.parse(lastSeen) };
    // Its engine counted to the end: the manifest is older.
    await addFacts(world, capture, told === undefined ? { files, folder, report, gaps } : { files, folder });
  } finally {
    place.close();
  }
}

/** The end that the capture's own session has told; others tell only of an agent that is lost. */
function toldByItself(capture: PacketCapture | undefined): ToldEnd | undefined {
  const told = toldEnd(capture);
  return told?.end.reason === "AgentLost" ? undefined : told;
}

/**
 * On what is there now: of one that has ended only little is known here. Whoever writes in between (who removes
 * old files, a person) keeps nothing from being said.
 */
async function addFacts(
  { store, now }: SettleWorld,
  known: PacketCapture,
  facts: Parameters<typeof addedStatus>[1],
): Promise<void> {
  for (;;) {
    const capture = await store.read(keyOf(known));
    if (capture === undefined || capture.metadata.uid !== known.metadata.uid) return;
    try {
      await store.writeStatus(capture, addedStatus(capture.status ?? {}, facts, now()));
      return;
    } catch (error) {
      if (error instanceof CaptureGone) return;
      if (!(error instanceof StatusConflict)) throw error;
    }
  }
}
