import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { finalProgress } from "../../../src/agent/progress.ts";
import { REASONS } from "../../../src/errors.ts";

const PAGE = readFileSync(new URL("../../../docs/troubleshooting.md", import.meta.url), "utf8");

test.each(Object.keys(REASONS))("docs/troubleshooting.md says what to do about %s", (reason) => {
  const heading =
    finalProgress(reason) === "failure" ? "## By reason: it failed" : "## By reason: it finished";
  const [, section = ""] = PAGE.split(heading);
  expect(section.split("\n## ")[0]).toContain(`| \`${reason}\``);
});
