import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { chartFolder, helm } from "../kubernetes/helm.ts";

test("helm lint has nothing to say against the chart, strictly", async () => {
  const { code, stdout, stderr } = await helm(["lint", "--strict", chartFolder]);
  expect(`${stdout}${stderr}`).not.toMatch(/\[(WARNING|ERROR)\]/);
  expect(code).toBe(0);
});

test("the chart and what it installs have the project's version", () => {
  const { version, appVersion } = parse(readFileSync(join(chartFolder, "Chart.yaml"), "utf8"));
  expect([version, appVersion]).toEqual([packageJson.version, packageJson.version]);
});

test("the chart is packed with its CRD and nothing that is no part of it", async () => {
  const { stdout } = await helm(["show", "all", chartFolder]);
  expect(stdout).toContain("podCaptures: true");
  const { stdout: crds } = await helm(["show", "crds", chartFolder]);
  // A CRD in crds/ would never be upgraded.
  expect(crds.trim()).toBe("");
});
