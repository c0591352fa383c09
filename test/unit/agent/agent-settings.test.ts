import { expect, test } from "vitest";
import { readAgentSettings } from "../../../src/agent/agent-settings.ts";
import { PcapperError } from "../../../src/errors.ts";

const NODE = { NODE_NAME: "node1" };

test("an environment with the node's name alone means the defaults of a DaemonSet", () => {
  expect(readAgentSettings({ ...NODE, TARGET_WAIT: " " })).toEqual({
    maxTotalFileSize: 10_000_000_000,
    minFreeDisk: { kind: "bytes", bytes: 20_000_000_000 },
    maxCaptures: 16,
    captureBuffer: 67_108_864,
    captureMemory: 268_435_456,
    maxWriteRate: 0,
    logLevel: "info",
    node: "node1",
    deleteOlderThan: 172_800,
    targetWait: 60,
    watchNamespace: "pcapper",
    httpAddress: { host: "127.0.0.1", port: 9476 },
  });
});

test("what is set wins", () => {
  const set = {
    NODE_NAME: "ip-10-0-0-1.eu-west-1.compute.internal",
    DELETE_OLDER_THAN: "2d12h",
    TARGET_WAIT: "5m",
    WATCH_NAMESPACE: "security-2",
    MIN_FREE_DISK: "5%",
  };
  expect(readAgentSettings(set)).toMatchObject({
    node: "ip-10-0-0-1.eu-west-1.compute.internal",
    deleteOlderThan: 216_000,
    targetWait: 300,
    watchNamespace: "security-2",
    minFreeDisk: { kind: "share", percent: 5 },
  });
});

test("a node's name may have 253 characters", () => {
  const name = `${"a".repeat(63)}.`.repeat(4).slice(0, 253);
  expect(readAgentSettings({ NODE_NAME: name }).node).toBe(name);
});

test.each([
  ["0.0.0.0:80", "0.0.0.0", 80],
  ["[::1]:9476", "::1", 9476],
  ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
  ["localhost:0", "localhost", 0],
  ["127.0.0.1:65535", "127.0.0.1", 65_535],
])("HTTP_ADDRESS=%s is host %s and port %i", (text, host, port) => {
  expect(readAgentSettings({ ...NODE, HTTP_ADDRESS: text }).httpAddress).toEqual({ host, port });
});

test("without the node's name nothing starts, and the sentence says where it comes from", () => {
  const message =
    "NODE_NAME is missing: write the node's name as Kubernetes has it, for example from fieldRef spec.nodeName";
  expect(() => readAgentSettings({})).toThrow(message);
  expect(() => readAgentSettings({ NODE_NAME: "  " })).toThrow(message);
});

test.each([
  ["NODE_NAME", "Node1"],
  ["NODE_NAME", "../node1"],
  ["NODE_NAME", "node_1"],
  ["NODE_NAME", "a".repeat(254)],
  ["DELETE_OLDER_THAN", "2"],
  ["DELETE_OLDER_THAN", "0s"],
  ["DELETE_OLDER_THAN", "-1d"],
  ["DELETE_OLDER_THAN", "2w"],
  ["DELETE_OLDER_THAN", "36501d"],
  ["TARGET_WAIT", "60"],
  ["TARGET_WAIT", "0s"],
  ["TARGET_WAIT", "25d"],
  ["WATCH_NAMESPACE", "a.b"],
  ["WATCH_NAMESPACE", "*"],
  ["WATCH_NAMESPACE", "a".repeat(64)],
  ["HTTP_ADDRESS", "9476"],
  ["HTTP_ADDRESS", ":9476"],
  ["HTTP_ADDRESS", "127.0.0.1"],
  ["HTTP_ADDRESS", "127.0.0.1:65536"],
  ["HTTP_ADDRESS", "127.0.0.1:http"],
  ["HTTP_ADDRESS", "127.0.0.256:80"],
  ["HTTP_ADDRESS", "::1:9476"],
  ["HTTP_ADDRESS", "[::1]"],
  ["HTTP_ADDRESS", "[127.0.0.1]:80"],
  ["HTTP_ADDRESS", "http://127.0.0.1:80"],
  ["MIN_FREE_DISK", "100%"],
  ["MAX_CAPTURES", "0"],
])("%s=%s stops with a sentence that names both, and exit code 2", (variable, value) => {
  const read = () => readAgentSettings({ ...NODE, [variable]: value });
  expect(read).toThrow(PcapperError);
  expect(read).toThrow(expect.objectContaining({ code: "PCAPPER_BAD_ENVIRONMENT", exitCode: 2 }));
  expect(read).toThrow(`${variable} is "${value}": write `);
});
