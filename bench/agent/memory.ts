import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "../../src/agent/progress.ts";
import { capturesPath, createCapture } from "../../test/kubernetes/packet-captures.ts";
import { memoryOf } from "./process-memory.ts";
import type { MemorySample } from "./results.ts";
import type { Site } from "./site.ts";

const AT_A_TIME = 40;
/** Milliseconds in which an agent comes to rest. */
const REST = 30_000;
const SAMPLES = 5;

/** What each resource asks for: one of twenty captures for real, the others end at once, each for a reason. */
function specOf(index: number, targetNode: string): object {
  const spec = { targetNode, targetInterface: "near0", maxFileSize: "1M", fileCount: 1, captureSeconds: 1 };
  if (index % 20 === 0) return spec;
  if (index % 3 === 0) return { ...spec, stop: true };
  if (index % 3 === 1) return { ...spec, targetInterface: `eth${index}` };
  return { ...spec, captureFilter: `no filter ${index}` };
}

/**
 * Of an agent that all resources are for, and one that has nothing to do: at rest, with many resources, after they are
 * gone, and after as many again, which shows whether it grows.
 */
export async function measureMemory(
  site: Site,
  count: number,
  samples: MemorySample[],
  say: (line: string) => void,
  rest = REST,
): Promise<void> {
  const { server, captures } = site;
  const owner = await site.addAgent();
  const idle = await site.addAgent();
  const sample = (when: string): void => {
    const now = { when, owner: memoryOf(owner.process.pid), idle: memoryOf(idle.process.pid) };
    samples.push(now);
    say(`memory ${when}: owner ${now.owner.rss.toFixed(1)} MiB, idle ${now.idle.rss.toFixed(1)} MiB`);
  };
  const sampleAtRest = async (when: string): Promise<void> => {
    await pause(rest);
    sample(when);
  };
  let made = 0;
  let ended = 0;
  const makeOne = async (): Promise<void> => {
    const index = made;
    made += 1;
    const name = `resource-${index}`;
    await createCapture(server.admin, "pcapper", name, specOf(index, owner.node));
    await captures.until(name, ({ status }) => isFinal(status?.progress), 60);
    ended += 1;
    if (ended % Math.ceil(count / SAMPLES) === 0 && ended < count) sample(`${ended} answered`);
  };
  const makeUpTo = async (total: number): Promise<void> => {
    const keepGoing = async (): Promise<void> => {
      while (made < total) await makeOne();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, keepGoing));
  };
  const deleteAll = async (): Promise<void> => {
    while (captures.count() > 0) {
      // A collection this large may take longer than the server gives one request: then the rest is next.
      await server.admin.send("DELETE", capturesPath("pcapper")).catch(() => undefined);
      await pause(1000);
    }
  };
  await sampleAtRest("started, nothing done");
  await makeUpTo(count);
  await sampleAtRest(`${count} answered, all of them still there, at rest`);
  await deleteAll();
  await sampleAtRest(`${count} have come and gone, at rest`);
  await makeUpTo(2 * count);
  await deleteAll();
  await sampleAtRest(`${2 * count} have come and gone, at rest`);
}
