import { isFinal } from "../agent/progress.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { ExportedCapture, ExportList } from "../export/listing.ts";
import { type KubernetesApi, KubernetesError } from "../kubernetes/api.ts";
import { capturePath } from "../kubernetes/paths.ts";
import type { ClusterFacts } from "./cluster-facts.ts";

/** Why a capture is over that its node calls running; undefined where nothing says so. */
export type EndOf = (capture: ExportedCapture) => Promise<string | undefined>;

/** Of one node, which says itself how many captures run: more are judged by the survey. */
const MOST_ASKED = 100;

/** For one node. Asks once for each resource as it is now: the survey may be older than the capture. */
export function createEndOf(
  api: Pick<KubernetesApi, "get">,
  { watched, captures }: Pick<ClusterFacts, "watched" | "captures">,
): EndOf {
  const asked = new Map<string, Promise<PacketCapture | undefined>>();
  const ask = (name: string, namespace: string): Promise<PacketCapture | undefined> => {
    const answer = asked.get(name) ?? api.get<PacketCapture>(capturePath({ namespace, name }));
    asked.set(name, answer);
    return answer;
  };
  return async ({ folder: name, manifest }) => {
    const { uid, namespace } = identityOf(manifest);
    // The folder has the resource's name. What another installation left here is not ours to judge.
    if (uid === undefined || namespace !== watched) return undefined;
    const bySurvey = () => endOf(captures.find(({ metadata }) => metadata.uid === uid));
    if (asked.size >= MOST_ASKED && !asked.has(name)) return bySurvey();
    try {
      const now = await ask(name, namespace);
      return now?.metadata.uid === uid ? endOf(now) : "its resource is gone";
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      return bySurvey();
    }
  };
}

function endOf(capture: PacketCapture | undefined): string | undefined {
  const { progress, reason = progress } = capture?.status ?? {};
  return isFinal(progress) ? `its resource says ${reason}` : undefined;
}

/** What a manifest says of whose capture it is, where it says so. */
function identityOf(manifest: object | undefined): { uid?: unknown; namespace?: string } {
  const capture = manifest !== undefined && "capture" in manifest ? manifest.capture : undefined;
  if (typeof capture !== "object" || capture === null) return {};
  const { uid, namespace } = capture as Record<string, unknown>;
  return { uid, ...(typeof namespace === "string" && { namespace }) };
}

/**
 * Captures that are over by their resource while their node has not closed them (its agent died) are no running ones.
 * A capture that ended just now is closed before its resource says so: the list is made again to tell.
 * @throws the signal's reason, at once
 */
export async function endedByResource(
  list: ExportList,
  endOf: EndOf,
  listAgain: () => Promise<ExportList>,
  signal: AbortSignal,
): Promise<ExportList> {
  const ends = new Map<string, string>();
  for (const capture of list.captures.filter(({ running }) => running)) {
    const why = await unlessAborted(endOf(capture), signal);
    if (why !== undefined) ends.set(placeOf(capture), why);
  }
  if (ends.size === 0) return list;
  const again = await listAgain();
  return { ...again, captures: again.captures.map((capture) => ended(capture, ends.get(placeOf(capture)))) };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function placeOf({ folder, prefix }: ExportedCapture): string {
  return `${folder}/${prefix}`;
}

function ended(capture: ExportedCapture, why: string | undefined): ExportedCapture {
  if (!capture.running || why === undefined) return capture;
  const problem = `${why}, but its node has not closed it: what was written after the last word of its manifest is not here; gather again when the node's agent is back`;
  return { ...capture, running: false, problems: [...capture.problems, problem] };
}
