import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../../..");
const VALUES: Record<string, unknown> = parse(readFileSync(join(ROOT, "chart/values.yaml"), "utf8"));
const PAGES = globSync(["*.md", "docs/*.md", "chart/templates/NOTES.txt"], { cwd: ROOT }).sort();

/** Values that a text names, by their path: what is given to helm, and what begins like a group of values. */
function namedIn(text: string): string[] {
  const groups = Object.keys(VALUES).filter((name) => typeof VALUES[name] === "object");
  const members = new RegExp(`(?<![\\w.-])(?:${groups.join("|")})(?:\\.[a-z]\\w*)+`, "gi");
  const given = [...text.matchAll(/--set(?:-string|-json)?[ =]'?([a-z][\w.[\]]*)=/gi)];
  return [...given.map(([, name = ""]) => name), ...(text.match(members) ?? [])];
}

/** What an empty map or a list of the chart holds is the user's. */
function isValue(path: string): boolean {
  let here: unknown = VALUES;
  for (const name of path.split(/[.[]/)) {
    if (Array.isArray(here) || (isMap(here) && Object.keys(here).length === 0)) return true;
    if (!isMap(here) || !(name in here)) return false;
    here = here[name];
  }
  return true;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

test.each(PAGES)("every value of the chart that %s names is one", (page) => {
  const named = namedIn(readFileSync(join(ROOT, page), "utf8"));
  expect(named.filter((path) => !isValue(path))).toEqual([]);
});

test("what is no value would be found", () => {
  const text =
    "`settings.maxFileSize`, `--set image.registry=x`, `--set podSecurityContext.a.b=c`, `imagePullSecrets[0].name`";
  expect(namedIn(text).filter((path) => !isValue(path))).toEqual([
    "image.registry",
    "settings.maxFileSize",
    "image.registry",
  ]);
});
