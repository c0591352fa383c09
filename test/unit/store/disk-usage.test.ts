import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diskUsage } from "../../../src/store/files/disk-usage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pcapper-du-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const duSays = () =>
  Number(execFileSync("du", ["-sx", "--block-size=1", folder], { encoding: "utf8" }).split("\t")[0]);

test("agrees with du on files, folders, holes, hard and symbolic links", async () => {
  mkdirSync(join(folder, "a/b/c"), { recursive: true });
  writeFileSync(join(folder, "a/one"), Buffer.alloc(100_000));
  writeFileSync(join(folder, "a/b/two"), "x");
  linkSync(join(folder, "a/one"), join(folder, "a/b/again"));
  symlinkSync("/usr", join(folder, "a/usr"));
  writeFileSync(join(folder, "hole"), "");
  truncateSync(join(folder, "hole"), 1e9);
  expect(await diskUsage(folder)).toBe(duSays());
});

test("an empty folder is what du says, a missing one nothing", async () => {
  expect(await diskUsage(folder)).toBe(duSays());
  expect(await diskUsage(join(folder, "missing"))).toBe(0);
});
