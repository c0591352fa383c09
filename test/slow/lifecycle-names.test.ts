import { readdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ChildEnd, type Ending, runChild } from "../fixtures/lifecycle/run-child.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { useOwnResolver } from "../helpers/silent-resolver.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const ENDINGS = {
  return: 0,
  exit: 0,
  exception: 1,
  "sigterm-handled": 0,
  "sigint-twice": 130,
  terminate: 0,
} as const;
const LONGEST_END_SECONDS = 2;

describeAsRoot("A process that ends while the names in a filter are looked up", () => {
  const files = makeTemporaryFolder();
  let traffic: SteadyTraffic;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    traffic = await makeSteadyTraffic(1_000);
    await useOwnResolver(traffic.near, files, 30);
  });
  afterAll(() => {
    traffic.remove();
    files.remove();
  });
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  const end = (ending: Ending): Promise<ChildEnd> =>
    runChild({ namespace: traffic.near, folder: folder.path, state: "looking-up", ending });

  for (const [ending, exitCode] of Object.entries(ENDINGS) as [keyof typeof ENDINGS, number][]) {
    test(`by ${ending}: soon, without a file`, async () => {
      const ended = await end(ending);
      expect(ended.signal, ended.stderr).toBeNull();
      expect(ended.exitCode, ended.stderr).toBe(exitCode);
      expect(ended.secondsToEnd).toBeLessThan(LONGEST_END_SECONDS);
      expect(readdirSync(folder.path)).toEqual([]);
    });
  }

  test("a worker that has gone is not missed by its look-up, which ends later", async () => {
    // Not for long, so that it is seen to end.
    await useOwnResolver(traffic.near, files, 1);
    const ended = await end("terminate-and-stay");
    expect(ended.signal, ended.stderr).toBeNull();
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
