import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

test("each test that the table of abuse names is there", () => {
  const page = readFileSync(join(ROOT, "docs/security.md"), "utf8");
  const [, section = ""] = page.split("## Abuse, and what holds");
  const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| abuse"));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const named = [...(row.split("|")[3] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    expect(named, row).not.toEqual([]);
    for (const name of named) {
      const isThere = existsSync(join(ROOT, "test", `${name}.test.ts`)) || existsSync(join(ROOT, name));
      expect(isThere, name).toBe(true);
    }
  }
});
