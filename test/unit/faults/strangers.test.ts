import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { watchStrangers } from "../../faults/strangers.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";

const TOO_LONG = "x".repeat(300);

function temporary(): string {
  const folder = makeTemporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

test("a stranger's file that cannot be written leaves no folder either", () => {
  const folder = join(temporary(), "stranger");
  const strangers = watchStrangers();
  expect(() => strangers.add(join(folder, TOO_LONG))).toThrow("ENAMETOOLONG");
  expect(existsSync(folder)).toBe(false);
  expect(strangers.paths()).toEqual([]);
});

test("a folder that was there stays", () => {
  const folder = join(temporary(), "stranger");
  mkdirSync(folder);
  expect(() => watchStrangers().add(join(folder, TOO_LONG))).toThrow("ENAMETOOLONG");
  expect(existsSync(folder)).toBe(true);
});

test("a stranger's file that is gone was touched", () => {
  const path = join(temporary(), "stranger", "notes");
  const strangers = watchStrangers();
  strangers.add(path);
  expect(strangers.look()).toEqual([{ path, touched: false }]);
  rmSync(path);
  expect(strangers.look()).toEqual([{ path, touched: true }]);
});
