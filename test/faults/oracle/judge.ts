import { judgeEvents } from "./judge-events.ts";
import { judgeFiles } from "./judge-files.ts";
import { judgeHistory } from "./judge-history.ts";
import { judgeOutcome } from "./judge-outcome.ts";
import { judgePackets } from "./judge-packets.ts";
import { judgeSurroundings } from "./judge-surroundings.ts";
import type { Finding, Observation } from "./observation.ts";
import { withTrueTimes } from "./true-times.ts";

/** Everything that is not as it must be; empty = nothing lost, nothing untrue. */
export function judge(observed: Observation): Finding[] {
  const seen = withTrueTimes(observed);
  const ofCaptures = seen.captures.flatMap((capture) => [
    ...judgeOutcome(capture, seen),
    ...judgeHistory(capture, seen),
    ...(capture.deletedAt === undefined ? judgePackets(capture, seen) : []),
    ...judgeFiles(capture, seen),
    ...judgeEvents(capture, seen),
  ]);
  return [...ofCaptures, ...judgeSurroundings(seen)];
}
