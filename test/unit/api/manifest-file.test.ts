import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readManifests } from "../../../src/api/manifest-file.ts";
import { planCapture } from "../../../src/api/plan.ts";
import { PcapperError } from "../../../src/errors.ts";

const HEAD = "apiVersion: packetcapture/v1alpha1\nkind: PacketCapture\n";
const SPEC = "spec:\n  targetNode: localhost\n  targetInterface: eth0\n";
const WHOLE = `${HEAD}metadata:\n  name: a\n${SPEC}`;

/** `CODE: message` of each problem. */
function problemsOf(text: string): string[] {
  try {
    readManifests(text, "f.yaml");
  } catch (error) {
    if (!(error instanceof PcapperError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.problems.map(({ code, message }) => `${code} ${message}`);
  }
  return [];
}

function withMetadata(lines: string): string {
  return `${HEAD}metadata:\n${lines}\n${SPEC}`;
}

const NAME_RULE =
  "write lower-case letters, digits, - and . (first and last a letter or digit), at most 253 characters";
const bomb = [
  "x: &x [1,1,1,1,1,1,1,1,1]",
  ..."abcdefghi".split("").map((name, index, all) => {
    return `${name}: &${name} [${Array(9)
      .fill(`*${all[index - 1] ?? "x"}`)
      .join(",")}]`;
  }),
].join("\n");

test.each([
  ["an empty file", "", "PCAPPER_EMPTY_FILE f.yaml is empty: write at least one PacketCapture"],
  [
    "only comments",
    "# a\n---\n# b\n",
    "PCAPPER_EMPTY_FILE f.yaml is empty: write at least one PacketCapture",
  ],
  [
    "a list",
    "- a",
    "PCAPPER_UNKNOWN_KIND f.yaml:1:1: the document is a list: write the fields of a PacketCapture, apiVersion first",
  ],
  [
    "plain text",
    "hello",
    'PCAPPER_UNKNOWN_KIND f.yaml:1:1: the document is "hello": write the fields of a PacketCapture, apiVersion first',
  ],
  [
    "another kind",
    "apiVersion: v1\nkind: Pod",
    'PCAPPER_UNKNOWN_KIND f.yaml:2:1: kind is "Pod": write PacketCapture',
  ],
  ["no kind", "apiVersion: v1", "PCAPPER_UNKNOWN_KIND f.yaml:1:1: kind is missing: write PacketCapture"],
  [
    "another version",
    WHOLE.replace("v1alpha1", "v2"),
    'PCAPPER_UNKNOWN_KIND f.yaml:1:1: apiVersion is "packetcapture/v2": write packetcapture.pcapper/v1alpha1',
  ],
  [
    "no version",
    "kind: PacketCapture",
    "PCAPPER_UNKNOWN_KIND f.yaml:1:1: apiVersion is missing: write packetcapture.pcapper/v1alpha1",
  ],
  [
    "no spec",
    `${HEAD}metadata: {name: a}`,
    "PCAPPER_INVALID_SPEC f.yaml:1:1: spec is missing: write it, with its fields indented below",
  ],
  [
    "spec null",
    `${HEAD}metadata: {name: a}\nspec: null`,
    "PCAPPER_INVALID_SPEC f.yaml:4:1: spec is empty: write a group of fields, indented below it",
  ],
  [
    "no metadata",
    HEAD + SPEC,
    "PCAPPER_INVALID_NAME f.yaml:1:1: metadata.name is missing: write a name, for example capture1",
  ],
  [
    "generateName",
    withMetadata("  generateName: a-"),
    "PCAPPER_INVALID_NAME f.yaml:3:1: metadata.name is missing and metadata.generateName works in a cluster only: write metadata.name",
  ],
  [
    "a name that leaves its folder",
    withMetadata("  name: ../x"),
    `PCAPPER_INVALID_NAME f.yaml:4:3: metadata.name is "../x": ${NAME_RULE}`,
  ],
  [
    "a name of dots",
    withMetadata("  name: .."),
    `PCAPPER_INVALID_NAME f.yaml:4:3: metadata.name is "..": ${NAME_RULE}`,
  ],
  [
    "an empty name",
    withMetadata('  name: ""'),
    `PCAPPER_INVALID_NAME f.yaml:4:3: metadata.name is "": ${NAME_RULE}`,
  ],
  [
    "a name of 254 characters",
    withMetadata(`  name: ${"a".repeat(254)}`),
    `PCAPPER_INVALID_NAME f.yaml:4:3: metadata.name is "${"a".repeat(79)}…: ${NAME_RULE}`,
  ],
  [
    "a namespace with a slash",
    withMetadata("  name: a\n  namespace: a/b"),
    'PCAPPER_INVALID_NAME f.yaml:5:3: metadata.namespace is "a/b": write lower-case letters, digits and - (first and last a letter or digit), at most 63 characters',
  ],
  [
    "a number as name",
    withMetadata("  name: 12"),
    "PCAPPER_INVALID_SPEC f.yaml:4:3: metadata.name is 12: write text (in quotes where YAML would read something else)",
  ],
  [
    "a mistyped label field",
    withMetadata("  name: a\n  lables: {}"),
    "PCAPPER_INVALID_SPEC f.yaml:5:3: metadata.lables is not a field of metadata: did you mean labels?",
  ],
  [
    "a filter that is not indented",
    `${WHOLE}captureFilter: udp`,
    "PCAPPER_INVALID_SPEC f.yaml:8:1: captureFilter is not a field of a PacketCapture: it belongs below spec",
  ],
  [
    "the same filter field twice",
    `${WHOLE}  captureFilter: udp\n  captureFilter: tcp`,
    "PCAPPER_INVALID_YAML f.yaml:9:3: the field captureFilter is there twice: keep one",
  ],
  [
    "leading zeros",
    `${WHOLE}  captureSeconds: 0600`,
    "PCAPPER_INVALID_SPEC f.yaml:8:19: spec.captureSeconds is 0600: kubectl and YAML 1.2 read it as different numbers: write it without leading zeros",
  ],
  [
    "a number that JavaScript cannot hold",
    `${WHOLE}  packetCount: 9007199254740993`,
    "PCAPPER_INVALID_SPEC f.yaml:8:16: spec.packetCount is 9007199254740993: no field takes a number that large",
  ],
  [
    "an open quote",
    `${WHOLE}  captureFilter: "udp`,
    'PCAPPER_INVALID_YAML f.yaml:8:22: this is not valid YAML: Missing closing "quote',
  ],
  [
    "a tab",
    "a:\n\tb: 1",
    "PCAPPER_INVALID_YAML f.yaml:2:1: this is not valid YAML: Tabs are not allowed as indentation",
  ],
  [
    "an unknown tag",
    `${WHOLE}  captureFilter: !x udp`,
    "PCAPPER_INVALID_YAML f.yaml:8:18: this is not valid YAML: Unresolved tag: !x",
  ],
  [
    "an alias without anchor",
    "kind: *x",
    "PCAPPER_INVALID_YAML f.yaml:1:1: the YAML aliases cannot be resolved: Unresolved alias (the anchor must be set before the alias): x",
  ],
  [
    "an alias bomb",
    bomb,
    "PCAPPER_INVALID_YAML f.yaml:1:1: the YAML aliases cannot be resolved: Excessive alias count indicates a resource exhaustion attack",
  ],
  [
    "the same name in the default namespace twice",
    `${WHOLE}---\n${WHOLE}`,
    "PCAPPER_DUPLICATE_NAME f.yaml:12:3: metadata.name default/a is there already, at f.yaml:4:3: write another name",
  ],
])("%s is refused with one sentence", (_name, text, problem) => {
  expect(problemsOf(text)).toEqual([problem]);
});

test("nesting without end is refused", () => {
  expect(problemsOf("[".repeat(100_000))[0]).toContain("nested too deeply");
});

test("thousands of unknown fields are refused by the first few", () => {
  const fields = Array.from({ length: 10_000 }, (_, index) => `  k${index}: 1`).join("\n");
  expect(problemsOf(WHOLE + fields)).toHaveLength(20);
});

test("each problem of each document is told, with its line", () => {
  const second = WHOLE.replace("name: a", "name: B").replace("eth0", "nflog:5");
  expect(problemsOf(`${WHOLE}  fileCount: 0\n---\n${second}`)).toEqual([
    expect.stringMatching(/f.yaml:8:3: spec.fileCount is "0"/),
    expect.stringMatching(/f.yaml:13:3: metadata.name is "B"/),
    expect.stringMatching(/f.yaml:16:3: spec.targetInterface is "nflog:5"/),
  ]);
});

test("a manifest gets the group's full name, the default namespace and the schema's defaults", () => {
  expect(readManifests(WHOLE, "f.yaml").map(({ capture }) => capture)).toEqual([
    {
      apiVersion: "packetcapture.pcapper/v1alpha1",
      kind: "PacketCapture",
      metadata: { name: "a", namespace: "default" },
      spec: {
        targetNode: "localhost",
        targetInterface: "eth0",
        captureSeconds: 600,
        maxFileSize: "100M",
        fileCount: 10,
        snapLength: 262144,
        promiscuous: true,
        stop: false,
      },
    },
  ]);
});

test("a resource as the API server prints it is read as if it were new", () => {
  const server =
    "  name: a\n  uid: x\n  resourceVersion: '5'\n  generation: 1\n  creationTimestamp: null\n  managedFields: []";
  const [read] = readManifests(`${withMetadata(server)}status:\n  progress: nonsense\n`, "f.yaml");
  const capture = read?.capture;
  expect(capture?.metadata).toEqual({ name: "a", namespace: "default" });
  expect(capture).not.toHaveProperty("status");
});

test("the same name in two namespaces is two captures, also with anchors and merge keys", () => {
  const shared = WHOLE.replace("spec:", "spec: &spec");
  const other = `${HEAD}metadata: {name: a, namespace: b}\nspec: {<<: {targetNode: x, captureFilter: udp}, targetInterface: any}`;
  const captures = readManifests(`${shared}---\n${other}`, "f.yaml");
  expect(captures.map(({ capture: { metadata, spec } }) => [metadata.namespace, spec.captureFilter])).toEqual(
    [
      ["default", undefined],
      ["b", "udp"],
    ],
  );
});

test("each capture knows where its fields stand in the file", () => {
  const [first, second] = readManifests(`${WHOLE}---\n${WHOLE.replace("name: a", "name: b")}`, "f.yaml");
  expect(first?.where(["spec", "targetInterface"])).toBe("f.yaml:7:3");
  expect(second?.where(["spec", "targetInterface"])).toBe("f.yaml:15:3");
  expect(second?.where(["spec", "captureFilter"])).toBe("f.yaml:13:1");
});

test.each(["demo", "pod", "node"])("examples/%s.yaml is valid", (name) => {
  const file = join(import.meta.dirname, `../../../examples/${name}.yaml`);
  expect(readManifests(readFileSync(file, "utf8"), file)).toHaveLength(1);
});

test("the design document's strings become plain numbers", () => {
  const text = `${WHOLE}  captureSeconds: "600"\n  maxFileSize: "100M"\n  fileCount: "10"\n  captureFilter: " "`;
  const [read] = readManifests(text, "f.yaml");
  expect(read && planCapture(read.capture.spec)).toEqual({
    target: { kind: "node", node: "localhost", interfaceName: "eth0" },
    captureSeconds: 600,
    captureFilter: "",
    maxFileSize: 100_000_000,
    fileCount: 10,
    packetCount: 0,
    snapLength: 262_144,
    promiscuous: true,
    worstCaseBytes: 1_000_000_000,
  });
});

test.each([
  {},
  { targetNode: "a", targetInterface: "b", fileCount: "x" },
  { targetNode: "a", targetInterface: "b", maxFileSize: "x" },
])("a spec that was never validated has no plan: %j", (spec) => {
  expect(() => planCapture(spec)).toThrow(/validated/);
});
