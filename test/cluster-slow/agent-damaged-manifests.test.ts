import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFinal } from "../../src/agent/progress.ts";
import { allEnded } from "../cluster-api/capture-progress.ts";
import { apiServerForFile } from "../cluster-api/cluster.ts";
import { makeOneNode, type OneNode } from "../cluster-api/one-node.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { fuzzedJson } from "../helpers/fuzzed-json.ts";
import { processFigures } from "../helpers/process-figures.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listCaptures } from "../kubernetes/packet-captures.ts";

const server = apiServerForFile();
const COUNT = 40;
const ROUNDS = 5;
const SEED = 20_261_128;
const MOST_MEMORY = 250_000_000;

describeAsRoot("an agent that finds the manifests of its captures damaged", () => {
  let node: OneNode;
  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start(ENV);
  }, 120_000);
  afterAll(() => node?.close());

  const ENV = { CAPTURE_BUFFER: "1Mi", MAX_CAPTURES: String(COUNT + 10), DELETE_OLDER_THAN: "1h" };
  const SPEC = { maxFileSize: "1M", fileCount: 3 };
  const filesOf = (name: string) => {
    const folder = join(node.hostmount, name);
    return Object.fromEntries(
      readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "latin1")]),
    );
  };
  const manifestOf = (name: string): string => {
    const [path = ""] = globSync(join(node.hostmount, name, "*.json"));
    return path;
  };

  test("gives each of them one end, loses no whole file, and works on", async () => {
    await node.create("victim", SPEC);
    await node.until("victim", "running");
    await node.send(100);
    await node.stop("victim");
    const { metadata } = await node.until("victim", "finished");
    await waitUntil("only its files are left", () => node.temporary("victim").length === 0);
    const victim = filesOf("victim");
    const lures = [
      "victim",
      metadata.uid,
      "../victim",
      ...Object.keys(victim),
      `../victim/${Object.keys(victim)[0]}`,
    ];
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round += 1) {
      const names = Array.from({ length: COUNT }, (_, index) => `damaged-${round}-${index}`);
      await Promise.all(names.map((name) => node.create(name, SPEC)));
      for (const name of names) await node.until(name, "running", 60);
      await node.send(200);
      await waitUntil(
        "all have published packets",
        () => names.every((name) => node.published(name) >= 200),
        30,
      );
      await node.end(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
      const done = new Map<string, string>();
      for (const name of names) {
        const path = manifestOf(name);
        const { what, text } = fuzzedJson(random, JSON.parse(readFileSync(path, "utf8")), lures);
        done.set(name, what);
        writeFileSync(path, text);
      }
      await node.start(ENV);
      const { pid } = node.agent();
      await Promise.all(names.map((name) => node.stop(name)));
      const ended = await allEnded(server(), names, 120).catch((error: Error) => {
        const open = names.map((name) => `${name}: ${done.get(name)}`).join("\n");
        throw new Error(`${open}\n${node.agent().log().slice(-5000)}`, { cause: error });
      });
      for (const {
        metadata: { name },
        status,
      } of ended) {
        const about = `${name}: ${done.get(name)}: ${JSON.stringify(status)}`;
        expect(isFinal(status?.progress), about).toBe(true);
        const own = `/var/pcapper/${name}`;
        // Packets are there, whatever became of the manifest, and people are told where; unless it says that they are
        // another's: those of a uid that is no more go with the next sweep, as those of any deleted capture.
        const isOtherUid = (done.get(name) ?? "").includes("/capture/uid");
        if (!isOtherUid) expect(node.files(name).length, about).toBeGreaterThan(0);
        const isDisowned = /\/capture\/uid|\/reservedThrough/.test(done.get(name) ?? "");
        expect(status?.fileLocation ?? (isDisowned ? own : ""), about).toContain(own);
      }
      expect(filesOf("victim")).toEqual(victim);
      expect(node.agent().pid).toBe(pid);
      expect(processFigures(pid).memory).toBeLessThan(MOST_MEMORY);
      for (const name of names) await node.remove(name);
    }
    await node.create("after");
    await node.until("after", "running");
    await node.send(50);
    await node.stop("after");
    expect((await node.until("after", "finished")).status?.statistics).toMatchObject({
      packets: 50,
      dropped: 0,
    });
    expect(node.agent().log()).not.toMatch(/"level":"fatal"|node:internal|UnhandledPromise/);
    expect(
      (await listCaptures(server().admin, "pcapper")).map(({ metadata: { name } }) => name).sort(),
    ).toEqual(["after", "victim"]);
  }, 600_000);
});
