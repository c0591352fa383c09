import { describe, expect, test } from "vitest";
import { readAgentSettings } from "../../src/agent/agent-settings.ts";
import { chartFolder, helm, valueOptions } from "../kubernetes/helm.ts";
import { renderedContainer } from "./manifests.ts";

/** The chart's settings and the agent's environment are two ends of one thing. */

async function environmentOf(settings: object): Promise<Record<string, string>> {
  const { env } = await renderedContainer("agent", { settings });
  const named = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return { NODE_NAME: "worker-01", ...Object.fromEntries(named) };
}

async function isAccepted(settings: object): Promise<boolean> {
  const { code } = await helm(["template", chartFolder, ...valueOptions({ settings })]);
  return code === 0;
}

test("the chart's defaults are the agent's own", async () => {
  expect(readAgentSettings(await environmentOf({}))).toEqual(readAgentSettings({ NODE_NAME: "worker-01" }));
});

test("every variable that an agent reads has a value in the chart", async () => {
  const asked: string[] = [];
  const environment = new Proxy<Record<string, string>>(await environmentOf({}), {
    get: (values, name: string) => {
      asked.push(name);
      return values[name];
    },
  });
  readAgentSettings(environment);
  expect(asked.filter((name) => environment[name] === undefined)).toEqual([]);
});

const SIZES = [5_000_000_000, "5G", "5Gi", "1.5Gi", "64Mi", "70000k", "90000Ki"];
const NO_SIZES = ["5Q", "5 G", "5ki", "1.2.3G", ".", "G", "5GB", "-5G", "", "1e", false];

const ACCEPTED: readonly [string, readonly unknown[]][] = [
  ["maxTotalFileSize", SIZES],
  ["captureBuffer", [67_108_864, "64Mi", "1.5Gi", "2047Mi"]],
  ["captureMemory", SIZES],
  ["minFreeDisk", [...SIZES, "15%", "0.5%", "15 %", 0]],
  ["maxWriteRate", [...SIZES, "none"]],
  ["deleteOlderThan", ["2d", "36h", "1d12h", "90m", "45s"]],
  ["targetWait", ["60s", "2m", "1m30s"]],
  ["maxCaptures", [1, 1000]],
  ["logLevel", ["debug", "silent"]],
  ["httpAddress", ["127.0.0.1:9476", "[::1]:9476", "0.0.0.0:1024", "localhost:65535"]],
];

const REFUSED: readonly [string, readonly unknown[]][] = [
  ["maxTotalFileSize", NO_SIZES],
  ["captureBuffer", NO_SIZES],
  ["captureMemory", NO_SIZES],
  ["minFreeDisk", [...NO_SIZES, "100%", "-1%", "%"]],
  ["maxWriteRate", [...NO_SIZES, "None", "fast"]],
  ["deleteOlderThan", ["2", "2 d", "12h1d", "d", "", "1w", 2]],
  ["targetWait", ["60", "1s1m", ""]],
  ["maxCaptures", [0, 1001, 1.5, "16"]],
  ["logLevel", ["trace", "", "INFO"]],
  ["httpAddress", ["9476", ":9476", "::1:9476", "127.0.0.1:0", "127.0.0.1", "127.0.0.1:1023", "a:65536"]],
];

const each = (table: readonly [string, readonly unknown[]][]) =>
  table.flatMap(([name, values]) => values.map((value) => ({ name, value })));

describe("what the chart lets through", () => {
  test.each(each(ACCEPTED))("the agent takes: $name $value", async ({ name, value }) => {
    const environment = await environmentOf({ [name]: value });
    expect(() => readAgentSettings(environment)).not.toThrow();
  });

  test.each(each(REFUSED))("is not $name $value", async ({ name, value }) => {
    expect(await isAccepted({ [name]: value })).toBe(false);
  });
});
