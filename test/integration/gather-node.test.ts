import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Selection } from "../../src/export/selection.ts";
import { ConnectionLost, ExportRefused } from "../../src/gather/export-transport.ts";
import { gatherNode } from "../../src/gather/gather-node.ts";
import { layoutOf } from "../../src/gather/layout.ts";
import type { NodeResult } from "../../src/gather/results.ts";
import { type Fault, type ProcessTransport, processTransport } from "../helpers/export-process.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

let hostmount: TemporaryFolder;
let output: TemporaryFolder;
beforeEach(() => {
  hostmount = makeTemporaryFolder();
  output = makeTemporaryFolder();
  return () => {
    hostmount.remove();
    output.remove();
  };
});

const QUICK = { tries: 3, within: 60_000, backoff: { first: 1, most: 2 } };
const ALL: Selection = { includeRunning: false, since: undefined };

interface Wish extends Partial<Selection> {
  transport?: ProcessTransport;
  names?: string[];
  /** Why what runs on the node is over by its resource. */
  over?: string;
}

async function gather({ transport, names = [], over, ...selection }: Wish = {}) {
  const seen = {
    received: 0,
    here: 0,
    fetched: [] as string[],
    warnings: [] as string[],
    gaveUp: [] as string[],
  };
  const result = await gatherNode(
    {
      transport: transport ?? processTransport(hostmount.path),
      patience: QUICK,
      signal: new AbortController().signal,
      endOf: async () => over,
      watcher: {
        expect: () => undefined,
        bytes: (more, received) => {
          seen.here += more;
          if (received) seen.received += more;
        },
        fetched: (file, { already }) => seen.fetched.push(`${already ? "had" : "got"} ${file}`),
        warn: (sentence) => seen.warnings.push(sentence),
        gaveUp: (sentence) => seen.gaveUp.push(sentence),
      },
    },
    {
      node: "node-a",
      names,
      selection: { ...ALL, ...selection },
      layout: layoutOf(output.path).node("node-a"),
    },
  );
  return { ...seen, result };
}

const there = (...path: string[]): Buffer => readFileSync(join(hostmount.path, ...path));
const here = (...path: string[]): Buffer => readFileSync(join(output.path, "node-a", ...path));
const namesHere = (folder: string): string[] => readdirSync(join(output.path, "node-a", folder)).sort();
const problemsOf = ({ problems, captures }: NodeResult): string[] => [
  ...problems,
  ...captures.flatMap((capture) => capture.problems),
];

function expectSame(folder: string): void {
  const names = readdirSync(join(hostmount.path, folder)).sort();
  expect(namesHere(folder)).toEqual(names);
  for (const name of names) expect(here(folder, name).equals(there(folder, name))).toBe(true);
}

describe("gathering a node", () => {
  test("brings all captures, byte by byte, with their manifests and nothing else", async () => {
    makeCapture(hostmount.path, { files: [madeFile(1, 300_000), madeFile(2, 5)] });
    makeCapture(hostmount.path, { folder: "pcap2", files: [madeFile(1, 0)] });
    const { result, received } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(received).toBeGreaterThan(300_005);
    for (const folder of ["pcap1", "pcap2"]) expectSame(folder);
    expect(result.captures).toMatchObject([
      { capture: "pcap1", wanted: 2, running: false, manifest: "whole" },
      { capture: "pcap2", wanted: 1, manifest: "whole" },
    ]);
  });

  test("small files come first, and of the same size the newest", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 90_000), madeFile(2, 10_000)] });
    const { fetched } = await gather();
    expect(fetched).toEqual(
      [`${prefix}.json`, packetName(prefix, 2), packetName(prefix, 1)].map((name) => `got pcap1/${name}`),
    );
  });

  test("connections that break at any byte cost no byte twice, and the files are right", async () => {
    const size = 3_000_000;
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, size)] });
    const cuts = [1, 65_536, 65_537, 700_000, 1_234_567, 3].map((cutAfter): Fault => ({ cutAfter }));
    let cut = 0;
    const transport = processTransport(hostmount.path, (_run, args) =>
      args[2] === packetName(prefix, 1) ? (cuts[cut++] ?? {}) : {},
    );
    const { result, received, warnings } = await gather({ transport });
    expect(problemsOf(result)).toEqual([]);
    expectSame("pcap1");
    expect(warnings).toHaveLength(cuts.length);
    expect(received).toBe(size + here("pcap1", `${prefix}.json`).length);
    const offsets = transport.runs
      .filter(([, , name]) => name === packetName(prefix, 1))
      .map((args) => args[4]);
    expect(offsets).toEqual(["0", "1", "65537", "131074", "831074", "2065641", "2065644"]);
  });

  test("a list that breaks off is asked for again", async () => {
    makeCapture(hostmount.path, { files: [madeFile(1, 10)] });
    const transport = processTransport(hostmount.path, (run) => (run < 3 ? { cutAfter: 50 * run } : {}));
    expect(problemsOf((await gather({ transport })).result)).toEqual([]);
    expectSame("pcap1");
  });

  test("a command that ends well without its last bytes is asked for them", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 50_000)] });
    const transport = processTransport(hostmount.path, (_run, args) =>
      args[2] === packetName(prefix, 1) && args[4] === "0" ? { loseTail: 5000 } : {},
    );
    expect(problemsOf((await gather({ transport })).result)).toEqual([]);
    expectSame("pcap1");
  });

  test("a byte that changes on the way is noticed, and the file fetched again", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 200_000)] });
    let changed = 0;
    const transport = processTransport(hostmount.path, (_run, args) =>
      args[2] === packetName(prefix, 1) && changed++ === 0 ? { change: flipFirst } : {},
    );
    expect(problemsOf((await gather({ transport })).result)).toEqual([]);
    expectSame("pcap1");
  });

  test("a byte that changes each time is a failure, leaves no file, and the others are kept", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 200_000), madeFile(2, 300_000)] });
    const bad = packetName(prefix, 1);
    const transport = processTransport(hostmount.path, (_run, args) =>
      args[2] === bad ? { change: flipFirst } : {},
    );
    const { result } = await gather({ transport });
    expect(problemsOf(result)).toEqual([
      expect.stringMatching(/00001\.pcap was not fetched: its bytes changed on the way, twice: SHA-256 is /),
    ]);
    expect(namesHere("pcap1")).toEqual([packetName(prefix, 2), `${prefix}.json`]);
  });

  test("the same again fetches nothing that is here, and what is missing or damaged", async () => {
    const prefix = makeCapture(hostmount.path, {
      files: [1, 2, 3].map((number) => madeFile(number, 100_000)),
    });
    await gather();
    const name = packetName(prefix, 2);
    const damaged = join(output.path, "node-a/pcap1", name);
    writeFileSync(damaged, Buffer.alloc(100_000));
    writeFileSync(join(output.path, "node-a/pcap1", `${packetName(prefix, 3)}.partial`), "left over");
    const { result, received, fetched } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(received).toBe(100_000);
    expect(fetched.filter((line) => line.startsWith("got"))).toEqual([`got pcap1/${packetName(prefix, 2)}`]);
    expect(here("pcap1", name).equals(there("pcap1", name))).toBe(true);
    expect(here("pcap1", `${name}.earlier`).equals(Buffer.alloc(100_000))).toBe(true);
    expect(result.notes).toEqual([
      `pcap1/${name} was here, and not as the node has it: what was here is kept as ${name}.earlier`,
    ]);
  });

  test.each([
    ["begins like the node's", (content: Buffer) => Buffer.concat([content, Buffer.alloc(500, "x")])],
    ["is another one", () => Buffer.alloc(60_000, "y")],
  ])("a file here that is longer and %s is not taken for it, and not thrown away", async (_how, make) => {
    const made = madeFile(1, 50_000);
    const name = packetName(makeCapture(hostmount.path, { files: [made] }), 1);
    const longer = make(made.content);
    mkdirSync(join(output.path, "node-a/pcap1"), { recursive: true });
    for (const [round, kept] of [`${name}.earlier`, `${name}.earlier-2`].entries()) {
      writeFileSync(join(output.path, "node-a/pcap1", name), longer);
      const { result } = await gather();
      expect(problemsOf(result), String(round)).toEqual([]);
      expect(result.notes).toEqual([expect.stringContaining(`is kept as ${kept}`)]);
      expect(here("pcap1", name).equals(made.content)).toBe(true);
      expect(here("pcap1", kept).equals(longer)).toBe(true);
    }
    const again = await gather();
    expect(again.result.notes).toEqual([]);
    expect(again.received).toBe(0);
  });

  test("a file that has grown since, and cannot be had now, stays here as it was", async () => {
    const content = madeFile(1, 9000).content;
    const prefix = makeCapture(hostmount.path, { part: { number: 1, content, published: 5000 } });
    await gather({ includeRunning: true });
    makeCapture(hostmount.path, { files: [{ number: 1, content }] });
    const name = packetName(prefix, 1);
    const cut = processTransport(hostmount.path, (_run, args) => (args[2] === name ? { cutAfter: 0 } : {}));
    const { result, gaveUp } = await gather({ transport: cut });
    expect(problemsOf(result)).toEqual([`${name} was not fetched: cut by the test`]);
    expect(gaveUp).toEqual(["cut by the test"]);
    expect(here("pcap1", name).equals(content.subarray(0, 5000))).toBe(true);
    expect(problemsOf((await gather()).result)).toEqual([]);
    expect(here("pcap1", name).equals(content)).toBe(true);
    expect(namesHere("pcap1")).toEqual([name, `${prefix}.json`]);
  });

  test("a file whose beginning has become another one's is fetched anew, and what was here is kept", async () => {
    const [before, after] = [madeFile(1, 5000).content, madeFile(1, 9000).content];
    const prefix = makeCapture(hostmount.path, { files: [{ number: 1, content: before }] });
    await gather();
    makeCapture(hostmount.path, { files: [{ number: 1, content: after }] });
    const name = packetName(prefix, 1);
    const { result } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(here("pcap1", name).equals(after)).toBe(true);
    expect(here("pcap1", `${name}.earlier`).equals(before)).toBe(true);
  });

  test("what an earlier process left begun is gone on with", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100_000)] });
    const name = packetName(prefix, 1);
    mkdirSync(join(output.path, "node-a/pcap1"), { recursive: true });
    writeFileSync(
      join(output.path, "node-a/pcap1", `${name}.partial`),
      there("pcap1", name).subarray(0, 60_000),
    );
    const { result, received } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(received).toBe(40_000 + there("pcap1", `${prefix}.json`).length);
    expectSame("pcap1");
  });

  test.each([
    ["is longer than the node's file", Buffer.alloc(250_000, "x")],
    ["is of another file", Buffer.alloc(60_000, "y")],
    ["has all bytes, and other ones", Buffer.alloc(100_000, "z")],
  ])("what was begun and %s is kept, and the file is fetched", async (_how, begun) => {
    const name = packetName(makeCapture(hostmount.path, { files: [madeFile(1, 100_000)] }), 1);
    mkdirSync(join(output.path, "node-a/pcap1"), { recursive: true });
    writeFileSync(join(output.path, "node-a/pcap1", `${name}.partial`), begun);
    const { result, here: counted } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(here("pcap1", name).equals(there("pcap1", name))).toBe(true);
    expect(here("pcap1", `${name}.earlier`).equals(begun)).toBe(true);
    expect(result.notes).toEqual([
      `pcap1/${name} was here, and not as the node has it: what was here is kept as ${name}.earlier`,
    ]);
    const bytes = namesHere("pcap1").filter((found) => !found.endsWith(".earlier"));
    expect(counted).toBe(bytes.reduce((sum, found) => sum + here("pcap1", found).length, 0));
  });

  test("what was begun of a manifest that has changed is not kept: the node's says more", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10)] });
    mkdirSync(join(output.path, "node-a/pcap1"), { recursive: true });
    writeFileSync(join(output.path, "node-a/pcap1", `${prefix}.json.partial`), "{");
    writeFileSync(join(output.path, "node-a/pcap1", `${prefix}.json`), "{}");
    expect(problemsOf((await gather()).result)).toEqual([]);
    expectSame("pcap1");
  });

  test("a node that is lost for good keeps what it gave, and names the rest", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100_000), madeFile(2, 200_000)] });
    const real = processTransport(hostmount.path);
    const transport: ProcessTransport = {
      runs: real.runs,
      exec: async (args, take, signal) => {
        if (args[2] !== packetName(prefix, 2)) return real.exec(args, take, signal);
        throw new ConnectionLost("no route");
      },
    };
    const { result, warnings } = await gather({ transport });
    expect(problemsOf(result)).toEqual([`${packetName(prefix, 2)} was not fetched: no route`]);
    expect(warnings).toHaveLength(QUICK.tries);
    expect(result.captures[0]?.files.map(({ name }) => name)).toEqual([packetName(prefix, 1)]);
  });

  test("a refusal is not asked again, and ends the node", async () => {
    makeCapture(hostmount.path, { files: [madeFile(1, 10)] });
    let asked = 0;
    const transport: ProcessTransport = {
      runs: [],
      exec: async () => {
        asked += 1;
        throw new ExportRefused("exec: 403, forbidden");
      },
    };
    expect((await gather({ transport })).result.problems).toEqual(["exec: 403, forbidden"]);
    expect(asked).toBe(1);
  });

  test("a running capture is left out with a sentence, and brought up to its published length when asked for", async () => {
    const part = { ...madeFile(2, 9000), published: 4096 };
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)], part });
    const { result } = await gather();
    expect(result).toMatchObject({ captures: [], leftOut: [{ capture: "pcap1", prefix }] });
    expect(result.leftOut[0]?.why).toContain("--include-running");
    expect(existsSync(join(output.path, "node-a/pcap1"))).toBe(false);

    const second = await gather({ includeRunning: true });
    expect(problemsOf(second.result)).toEqual([]);
    expect(here("pcap1", packetName(prefix, 2)).equals(part.content.subarray(0, 4096))).toBe(true);
    expect(JSON.parse(here("pcap1", `${prefix}.json`).toString())).toEqual(
      JSON.parse(there("pcap1", `${prefix}.json`).toString()),
    );
  });

  test("a capture that is over by its resource, and that its node has not closed, comes home", async () => {
    const part = { ...madeFile(2, 9000), published: 4096 };
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)], part });
    const { result } = await gather({ over: "its resource says AgentLost" });
    expect(problemsOf(result)).toEqual([
      expect.stringMatching(/^its resource says AgentLost, but its node has not closed it: /),
    ]);
    expect(result).toMatchObject({
      leftOut: [],
      captures: [{ running: false, wanted: 2, manifest: "whole" }],
    });
    expect(here("pcap1", packetName(prefix, 1)).equals(there("pcap1", packetName(prefix, 1)))).toBe(true);
    expect(here("pcap1", packetName(prefix, 2)).equals(part.content.subarray(0, 4096))).toBe(true);
  });

  test("one odd name on the node is told, and takes nothing else with it", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100)] });
    makeCapture(hostmount.path, { folder: "pcap2", files: [madeFile(1, 100)] });
    for (const name of ["x.status.00001.pcap", "y\u001b[2J.00001.pcap"]) {
      writeFileSync(join(hostmount.path, "pcap1", name), "odd");
    }
    const { result } = await gather();
    expect(problemsOf(result)).toEqual([
      'pcap1: "x.status.00001.pcap" is no name that pcapper gives',
      'pcap1: "y\\u001b[2J.00001.pcap" is no name that pcapper gives',
    ]);
    expect(namesHere("pcap1")).toEqual([packetName(prefix, 1), `${prefix}.json`]);
    expectSame("pcap2");
  });

  test("a file that the manifest names twice is told, and fetched once", async () => {
    const prefix = makeCapture(hostmount.path, {
      files: [madeFile(1, 100)],
      manifest: (manifest) => ({ ...manifest, files: [manifest.files, manifest.files].flat() }),
    });
    const { result } = await gather();
    expect(problemsOf(result)).toEqual([`"${packetName(prefix, 1)}" is named twice by the manifest`]);
    expectSame("pcap1");
  });

  test("a file that has grown since is gone on with", async () => {
    const content = madeFile(1, 9000).content;
    const prefix = makeCapture(hostmount.path, { part: { number: 1, content, published: 5000 } });
    await gather({ includeRunning: true });
    makeCapture(hostmount.path, { files: [{ number: 1, content }] });
    const { result, received } = await gather();
    expect(problemsOf(result)).toEqual([]);
    expect(received).toBe(4000 + there("pcap1", `${prefix}.json`).length);
    expect(here("pcap1", packetName(prefix, 1)).equals(content)).toBe(true);
  });

  test("a file that the ring of a running capture removed meanwhile is no failure", async () => {
    const part = { ...madeFile(3, 10), published: 10 };
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 100), madeFile(2, 90)], part });
    const { rmSync } = await import("node:fs");
    const transport = processTransport(hostmount.path, (run) => {
      if (run === 2) rmSync(join(hostmount.path, "pcap1", packetName(prefix, 1)));
      return {};
    });
    const { result } = await gather({ transport, includeRunning: true });
    expect(problemsOf(result)).toEqual([]);
    expect(result.captures[0]).toMatchObject({ wanted: 3, removedMeanwhile: [packetName(prefix, 1)] });
  });

  test("a time leaves out older files, and captures that have none", async () => {
    const old = "2026-11-24T08:00:00.000000000Z";
    const recent = "2026-11-24T12:00:00.000000000Z";
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10, old), madeFile(2, 10, recent)] });
    makeCapture(hostmount.path, { folder: "pcap2", files: [madeFile(1, 10, old)] });
    const { result } = await gather({ since: Date.parse("2026-11-24T10:00:00Z") });
    expect(namesHere("pcap1")).toEqual([packetName(prefix, 2), `${prefix}.json`]);
    expect(result.leftOut).toMatchObject([
      { capture: "pcap2", why: "its last packet is older than 2026-11-24T10:00:00.000Z" },
    ]);
  });

  test("a capture whose name a log has, has a folder of its own", async () => {
    makeCapture(hostmount.path, { folder: "agent.log", files: [madeFile(1, 10)] });
    expect(problemsOf((await gather()).result)).toEqual([]);
    expect(namesHere("agent.log~")).toHaveLength(2);
  });

  test("a manifest that cannot be written here is told, and the other captures come", async () => {
    for (const folder of ["pcap1", "pcap2"]) {
      makeCapture(hostmount.path, { folder, part: { ...madeFile(1, 90), published: 64 } });
    }
    mkdirSync(join(output.path, "node-a"));
    writeFileSync(join(output.path, "node-a/pcap1"), "in the way");
    const { result } = await gather({ includeRunning: true });
    expect(result.problems).toEqual([]);
    expect(result.captures.map(({ manifest, files }) => [manifest, files.length])).toEqual([
      ["missing", 0],
      ["whole", 1],
    ]);
    expect(result.captures[0]?.problems[0]).toContain(".json was not written: EEXIST");
  });

  test("a folder in the way of a file is told, and the others come", async () => {
    const prefix = makeCapture(hostmount.path, { files: [madeFile(1, 10), madeFile(2, 20)] });
    mkdirSync(join(output.path, "node-a/pcap1", packetName(prefix, 1)), { recursive: true });
    const { result } = await gather();
    expect(problemsOf(result)).toEqual([expect.stringContaining("is in the way: it is not a plain file")]);
    expect(result.captures[0]?.files.map(({ name }) => name)).toEqual([packetName(prefix, 2)]);
  });
});

function flipFirst(chunk: Buffer, at: number): Buffer {
  if (at > 0) return chunk;
  const copy = Buffer.from(chunk);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}
