import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAILURES, REASONS, USAGE } from "../../../src/errors.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/reference-errors.md"), "utf8");

/** The rows of the table below a heading, as `word → meaning`. */
function tableBelow(heading: string): Record<string, string> {
  const [, section = ""] = PAGE.split(`\n## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  return Object.fromEntries(
    [...table.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, word, text]) => [word, text]),
  );
}

function meanings(progress: "finished" | "failure"): Record<string, string> {
  const entries = Object.entries(REASONS).filter(([, reason]) => reason.progress === progress);
  return Object.fromEntries(entries.map(([word, { meaning }]) => [word, meaning]));
}

test.each(["finished", "failure"] as const)("the page has every reason of progress %s", (progress) => {
  expect(tableBelow(`Progress ${progress}`)).toEqual(meanings(progress));
});

test("the page has every code of wrong use", () => {
  expect(tableBelow("Wrong use (exit code 2)")).toEqual({ ...USAGE });
});

test("the page has every code of work that failed", () => {
  expect(tableBelow("Other failures (exit code 1)")).toEqual({ ...FAILURES });
});
