/** The two measures that are no scenarios: a neighbour's latency, and the time to the first packet. */
import type { Place } from "./capture-run.ts";
import { firstPacketWriters, measureFirstPacket } from "./first-packet.ts";
import { neighbourWriters, probeAlone, probeBeside } from "./neighbour.ts";
import type { Options } from "./options.ts";
import type { Results } from "./results.ts";
import { rotated } from "./rounds.ts";
import type { WriterName } from "./writers/index.ts";

async function attempt<T>(results: Results, what: string, list: T[], work: () => Promise<T>): Promise<void> {
  try {
    list.push(await work());
    process.stderr.write(`bench: ${what}: ${JSON.stringify(list.at(-1))}\n`);
  } catch (error) {
    const failure = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    results.failures.push(failure);
    process.stderr.write(`bench: ${failure}\n`);
  }
}

const selected = (writers: WriterName[], options: Options) =>
  writers.filter((name) => options.peers.includes(name));

export async function probeNeighbour(place: Place, options: Options, results: Results): Promise<void> {
  const { neighbour } = results;
  for (let run = 1; run <= options.runs; run++) {
    await attempt(results, "neighbour", neighbour, () => probeAlone(place, run, options.smoke));
    for (const writer of rotated(selected(neighbourWriters, options), run - 1)) {
      await attempt(results, "neighbour", neighbour, () => probeBeside(place, writer, run, options.smoke));
    }
  }
}

export async function probeFirstPacket(place: Place, options: Options, results: Results): Promise<void> {
  for (let run = 1; run <= options.runs; run++) {
    for (const writer of rotated(selected(firstPacketWriters, options), run - 1)) {
      await attempt(results, "first packet", results.firstPacket, () =>
        measureFirstPacket(place, writer, run),
      );
    }
  }
}
