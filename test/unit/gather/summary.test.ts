import { describe, expect, test } from "vitest";
import { type NodeProgress, progressRow } from "../../../src/gather/progress-rows.ts";
import { allProblems, type CaptureResult, type GatherResult } from "../../../src/gather/results.ts";
import { summaryDocument, summaryTable } from "../../../src/gather/summary.ts";

function captured(capture: string, facts: Partial<CaptureResult> = {}): CaptureResult {
  const files = [{ name: `n.${capture}.1.00001.pcap`, bytes: 1_500_000, sha256: "0" }];
  return {
    ...{ capture, prefix: `n.${capture}.1`, running: false, wanted: 1, files },
    ...{ removedMeanwhile: [], manifest: "whole", problems: [] },
    ...facts,
  };
}

const RESULT: GatherResult = {
  nodes: [
    {
      node: "node-a",
      captures: [
        captured("pcap1"),
        captured("pcap2", { wanted: 3, problems: ["x was not fetched: no route"] }),
        captured("pcap3", { running: true, wanted: 2, removedMeanwhile: ["y"] }),
        captured("pcap4", { problems: ["z has 5 bytes, and its manifest says 6"] }),
      ],
      leftOut: [{ capture: "pcap5", prefix: "p", why: "it still runs" }],
      notes: ["agent.log has the last 5 lines"],
      problems: [],
    },
    { node: "node-b", captures: [], leftOut: [], notes: [], problems: ["no agent's pod is there"] },
    { node: "node-with-none", captures: [], leftOut: [], notes: [], problems: [] },
  ],
  problems: ["Events: 403"],
};

describe("the summary", () => {
  test("has a line for each capture, and for each node that gave none", () => {
    expect(summaryTable(RESULT)).toBe(`\
NODE            CAPTURE  FILES  SIZE    STATE
node-a          pcap1    1      1.5 MB  complete
node-a          pcap2    1      1.5 MB  INCOMPLETE: 2 of 3 files missing
node-a          pcap3    1      1.5 MB  still running, 1 removed by its ring meanwhile
node-a          pcap4    1      1.5 MB  INCOMPLETE: z has 5 bytes, and its manifest says 6
node-a          pcap5    -      -       left out: it still runs
node-a          -        -      -       agent.log has the last 5 lines
node-b          -        -      -       FAILED: no agent's pod is there
node-with-none  -        -      -       has no captures
`);
  });

  test("holds nothing that a terminal would obey, whatever a node says", () => {
    const evil = "\u001b]0;x\u0007\u009b2J\r\n\u202e";
    const table = summaryTable({
      nodes: [
        {
          ...{ node: "n", leftOut: [{ capture: evil, prefix: evil, why: evil }], notes: [evil] },
          ...{ captures: [captured(evil, { problems: [evil] })], problems: [evil] },
        },
      ],
      problems: [],
    });
    expect(table.match(/[\p{Cc}\p{Cf}]/gu)?.join("")).toBe("\n".repeat(5));
    expect(table).toContain("FAILED: \\x1b]0;x\\x07\\x9b2J\\x0d\\x0a\\u{202e}\n");
  });

  test("is complete only without any problem, and each problem names its node and capture", () => {
    const facts = { version: "1", time: "t", namespace: "pcapper" };
    expect(summaryDocument(RESULT, facts)).toMatchObject({
      gather: "pcapper/v1",
      version: "1",
      complete: false,
    });
    expect(summaryDocument({ nodes: [], problems: [] }, facts).complete).toBe(true);
    expect(allProblems(RESULT)).toEqual([
      "Events: 403",
      "node node-a: pcap2: x was not fetched: no route",
      "node node-a: pcap4: z has 5 bytes, and its manifest says 6",
      "node node-b: no agent's pod is there",
    ]);
  });
});

describe("the bar of a node", () => {
  const HALF: NodeProgress = {
    node: "a",
    state: "listed",
    files: 4,
    filesDone: 1,
    bytes: 2e9,
    bytesDone: 1e9,
    received: 5e8,
    elapsed: 5000,
  };

  test("says how far it is, how fast, and how long it will take", () => {
    expect(progressRow(HALF, 3)).toBe(
      `a    ${"█".repeat(12)}${"░".repeat(12)}   50%  1 GB of 2 GB  100 MB/s  0:10 left  1 of 4 files`,
    );
  });

  test("is full and has no time left at the end, and is empty before the beginning", () => {
    expect(progressRow({ ...HALF, bytesDone: 2e9, filesDone: 4 }, 1)).toContain(
      "100%  2 GB of 2 GB  100 MB/s  4 of",
    );
    const none = { ...HALF, files: 0, filesDone: 0, bytes: 0, bytesDone: 0, received: 0, elapsed: 0 };
    expect(progressRow(none, 1)).toContain("100%  0 bytes of 0 bytes  0 bytes/s  0 of 0 files");
  });

  test("is none before its list is here, but a clock that shows that somebody waits", () => {
    const asked: NodeProgress = { ...HALF, state: "asked", elapsed: 65_900, warning: "lost, trying again" };
    expect(progressRow(asked, 3)).toBe("a    asked what it has, 1:05 ago  lost, trying again");
    expect(progressRow({ ...asked, state: "given up", warning: "no route" }, 1)).toBe(
      "a  given up  no route",
    );
  });

  test("holds nothing that a terminal would obey", () => {
    expect(progressRow({ ...HALF, warning: "a\u001b[2Jb\u009bc" }, 1)).toMatch(/ {2}a\\x1b\[2Jb\\x9bc$/);
  });

  test("shows what is wrong at the moment", () => {
    expect(progressRow({ ...HALF, warning: "lost, trying again" }, 1)).toMatch(/lost, trying again$/);
  });
});
