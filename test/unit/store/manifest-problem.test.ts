import { describe, expect, test } from "vitest";
import { manifestProblem } from "../../../src/store/files/manifest-problem.ts";
import { goodManifest } from "../../helpers/capture-remains.ts";

type Fields = Record<string, unknown>;

const good = (finished = false) => goodManifest("pcap1", "u1", finished);
const capture = (changes: Fields): Fields => ({ capture: { ...(good().capture as Fields), ...changes } });
const firstFile = (changes: Fields): Fields => {
  const [first, ...others] = good().files as Fields[];
  return { files: [{ ...first, ...changes }, ...others] };
};
const current = (changes: Fields): Fields => ({ current: { ...(good().current as Fields), ...changes } });

test.each([false, true])("what the engine writes is good, at its end: %s", (finished) => {
  expect(manifestProblem(good(finished))).toBeUndefined();
});

test("so is what says less, and what says more than is understood", () => {
  const { interface: _interface, gaps: _gaps, startTime: _startTime, ...less } = good();
  expect(manifestProblem(less)).toBeUndefined();
  expect(manifestProblem({ ...good(), later: { versions: ["know"] } })).toBeUndefined();
});

describe("a manifest is of no use", () => {
  test.each<[string, Fields, string]>([
    ["another version", { manifest: "pcapper/v2" }, "no manifest of pcapper/v1"],
    ["a namespace that is a path", capture({ namespace: "../../api" }), "whose capture"],
    ["a name that is a path", capture({ name: "../pcap2" }), "whose capture"],
    ["a name with a question", capture({ name: "pcap1?x" }), "whose capture"],
    ["a uid that is a list", capture({ uid: ["u1"] }), "whose capture"],
    ["a node longer than any", capture({ node: "n".repeat(254) }), "whose capture"],
    ["no spec", capture({ spec: null }), "what was to be captured"],
    ["a reservation beyond 32 bits", { reservedThrough: 2 ** 32 }, "list of files"],
    ["a file of a negative number", firstFile({ number: -1 }), "list of files"],
    ["a file of a number beyond 32 bits", firstFile({ number: 2 ** 53 - 1 }), "list of files"],
    ["a file of half a byte", firstFile({ bytes: 0.5 }), "list of files"],
    ["a file without its bytes", firstFile({ bytes: undefined }), "list of files"],
    ["a file whose bytes are a text", firstFile({ bytes: "264" }), "list of files"],
    ["a file without a time", firstFile({ lastTimestamp: undefined }), "list of files"],
    ["a file of a time that is none", firstFile({ lastTimestamp: "yesterday" }), "list of files"],
    ["a current file of too many packets", current({ packets: 2 ** 53 }), "current file"],
    ["more removed files than there are numbers", { removed: { files: 2 ** 40, packets: 0 } }, "counters"],
    ["counters below zero", { statistics: { packets: -1 } }, "counters"],
    ["a highest number that is a text", { highestNumber: "7" }, "counters"],
    ["a start after the last year", { startTime: "+275760-09-13T00:00:00.000Z" }, "times"],
    ["a start before the first year", { startTime: "1969-12-31T23:59:59Z" }, "times"],
    ["gaps that are no list", { gaps: { length: 1 } }, "times"],
    ["a gap without its end", { gaps: [{ from: "2026-01-01T00:00:00Z" }] }, "times"],
    [
      "an interface of a name too long",
      { interface: { name: "x".repeat(16), index: 1, linkType: "RAW" } },
      "interface",
    ],
    ["an interface without its number", { interface: { name: "eth0", linkType: "RAW" } }, "interface"],
    ["an end of two words", { finished: { reason: "Too Late", message: "", time: "" } }, "end"],
    ["an end without a sentence", { finished: { reason: "Stopped", time: "" } }, "end"],
  ])("with %s", (_what, changes, problem) => {
    expect(manifestProblem({ ...good(), ...changes })).toContain(problem);
  });

  test.each([null, [], "pcapper/v1", 1])("that is %j", (value) => {
    expect(manifestProblem(value)).toContain("no manifest");
  });
});
