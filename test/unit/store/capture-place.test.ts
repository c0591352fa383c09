import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPlace } from "../../../src/store/files/capture-place.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { createFakeNative } from "../agent/fake-native.ts";

test("a name whose folder cannot be read once it was taken is free again: nobody else would ever free it", () => {
  const output = makeTemporaryFolder();
  onTestFinished(() => output.remove());
  const native = createFakeNative();
  const folder = join(output.path, "one");
  const { tryLock } = native;
  native.tryLock = (path) => {
    const lock = tryLock(path);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "");
    return lock;
  };
  const open = () => openPlace(native, output.path, { node: "n1", name: "one", epochSeconds: 1 });
  expect(open).toThrow("ENOTDIR");
  expect(native.held).toEqual(new Set());
  rmSync(folder);
  mkdirSync(folder);
  native.tryLock = tryLock;
  expect(open().prefix).toBe("n1.one.1");
});
