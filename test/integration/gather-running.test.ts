import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatherNode } from "../../src/gather/gather-node.ts";
import { layoutOf } from "../../src/gather/layout.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { processTransport } from "../helpers/export-process.ts";
import { judge } from "../helpers/judges.ts";
import { capture, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const PATIENCE = { tries: 3, within: 60_000, backoff: { first: 1, most: 2 } };

describeAsRoot("gathering from a capture that really runs", () => {
  let traffic: SteadyTraffic;
  let hostmount: TemporaryFolder;
  let output: TemporaryFolder;
  beforeAll(async () => {
    traffic = await makeSteadyTraffic(3000);
    hostmount = makeTemporaryFolder();
    output = makeTemporaryFolder();
  });
  afterAll(() => {
    traffic.remove();
    hostmount.remove();
    output.remove();
  });

  /** As many times as asked for, into one folder: each goes on after the one before. */
  async function gather(includeRunning: boolean) {
    const result = await gatherNode(
      {
        transport: processTransport(hostmount.path),
        patience: PATIENCE,
        signal: new AbortController().signal,
        endOf: async () => undefined,
        watcher: {
          expect: () => undefined,
          bytes: () => undefined,
          fetched: () => undefined,
          warn: () => undefined,
          gaveUp: () => undefined,
        },
      },
      {
        ...{ node: "n", names: ["pcap1"], selection: { includeRunning, since: undefined } },
        layout: layoutOf(output.path).node("n"),
      },
    );
    expect(result.problems).toEqual([]);
    const [found] = result.captures;
    expect(found?.problems).toEqual([]);
    return found;
  }

  test("brings whole packets while files rotate and are removed, and the same bytes when it has ended", async () => {
    const spec = {
      ...{ targetNode: "localhost", targetInterface: traffic.nearName, captureSeconds: 600 },
      ...{ maxFileSize: "600Ki", fileCount: 4, snapLength: 65_535 },
    };
    const run = startPcapper(capture("pcap1", spec), { namespace: traffic.near, output: hostmount.path });
    await run.running();
    const folder = join(output.path, "n/pcap1");
    for (let round = 0; round < 6; round += 1) {
      await waitUntil("another file", () => (run.manifest()?.files.length ?? 0) >= Math.min(round, 3));
      const found = await gather(true);
      expect(found).toMatchObject({ running: true, manifest: "whole" });
      for (const { name } of found?.files ?? []) await judge(join(folder, name));
    }
    await waitUntil("the ring has removed files", () => (run.manifest()?.removed.files ?? 0) > 0, 60);

    run.kill("SIGINT");
    await run.ended;
    const found = await gather(false);
    expect(found).toMatchObject({ running: false, manifest: "whole" });
    const names = found?.files.map(({ name }) => name).sort();
    expect(names).toEqual(readdirSync(run.folder).filter((name) => name.endsWith(".pcap")));
    for (const name of names ?? []) {
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(run.folder, name)))).toBe(true);
    }
  }, 180_000);
});
