import { expect, test } from "vitest";
import { describeBesideTcpdump } from "../helpers/as-root.ts";
import { runTruthCase } from "../helpers/truth-case.ts";
import {
  checkBytes,
  checkEnd,
  checkFiles,
  checkLongest,
  checkNumbers,
  checkSame,
  checkSameSet,
  finishedManifest,
} from "../helpers/truth-checks.ts";
import { KINDS } from "../traffic/kinds.ts";

const CASES = KINDS.flatMap((traffic) =>
  [false, true].flatMap((filtered) =>
    [false, true].map((ring) => ({
      traffic,
      filtered,
      ring,
      name: `${traffic.name}, ${filtered ? `only "${traffic.filter}"` : "all packets"}, ${ring ? "a ring of files" : "one file"}`,
    })),
  ),
);

describeBesideTcpdump("The files of a capture are what tcpdump saw, and no reader complains", () => {
  test.concurrent.each(CASES)("$name", async ({ traffic, filtered, ring }) => {
    await runTruthCase({ traffic, filtered, ring }, async (outcome) => {
      checkEnd(outcome);
      const kept = await checkFiles(outcome, traffic.linkType);
      const { removed } = finishedManifest(outcome);
      expect(removed.files > 0, "the ring went round").toBe(ring);
      if (traffic.twoWay) checkSameSet(kept, outcome.reference);
      else checkSame(kept, outcome.reference);
      if (traffic.numbered) checkNumbers(kept, filtered, outcome.offered);
      checkBytes(outcome);
      checkLongest(kept, traffic);
    });
  });
});
