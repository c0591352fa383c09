/** Waiting for what the API server has of captures in the namespace `pcapper`. */
import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "../../src/agent/progress.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { listCaptures, readCapture, type StoredCapture } from "../kubernetes/packet-captures.ts";

/** Waits until a capture has this progress. @returns it as it is then */
export function untilProgress(
  { admin }: ApiServer,
  name: string,
  progress: string,
  seconds?: number,
): Promise<StoredCapture> {
  const look = async (): Promise<StoredCapture | undefined> => {
    const capture = await readCapture(admin, "pcapper", name);
    return capture.status?.progress === progress ? capture : undefined;
  };
  return waitUntil(`${name} is ${progress}`, look, seconds);
}

const LIST_EVERY_MS = 100;

/** Waits until all `names` have ended. A list, not one read a capture: the API server has others to serve. */
export async function allEnded(
  server: ApiServer,
  names: readonly string[],
  seconds: number,
): Promise<StoredCapture[]> {
  const wanted = new Set(names);
  let lastOpen: string[] = [];
  const waiting = async (): Promise<StoredCapture[] | undefined> => {
    const all = await listCaptures(server.admin, "pcapper");
    const ours = all.filter(({ metadata }) => wanted.has(metadata.name));
    const open = ours.filter(({ status }) => !isFinal(status?.progress));
    lastOpen = open.map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`);
    if (open.length === 0 && ours.length === wanted.size) return ours;
    await pause(LIST_EVERY_MS);
    return undefined;
  };
  return waitUntil("all captures have ended", waiting, seconds).catch((error: Error) => {
    throw new Error(`${error.message}: ${lastOpen.join("\n")}`);
  });
}
