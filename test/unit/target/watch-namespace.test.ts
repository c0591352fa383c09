import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { namespaceId } from "../../../src/target/namespaces.ts";
import { type NamespaceWatch, watchNamespace } from "../../../src/target/watch-namespace.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { waitUntil } from "../../helpers/wait-until.ts";

let folder: TemporaryFolder;
let path: string;
let watched: NamespaceWatch | undefined;
let told: string[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  path = join(folder.path, "cni-1");
  writeFileSync(path, "");
  told = [];
});
afterEach(() => {
  watched?.stop();
  folder.remove();
});

function watch(id = namespaceId(path) ?? ""): void {
  watched = watchNamespace(path, id, (message) => told.push(message));
}

const once = (): Promise<unknown> => waitUntil("onGone", () => told.length > 0);

describe("the watch of a namespace", () => {
  test("tells once that the name is gone", async () => {
    watch();
    rmSync(path);
    await once();
    writeFileSync(path, "");
    rmSync(path);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(["the network namespace cni-1 is gone."]);
  });

  test("tells that another namespace has its name", async () => {
    watch();
    writeFileSync(join(folder.path, "new"), "");
    renameSync(join(folder.path, "new"), path);
    await once();
    expect(told).toEqual(["the network namespace cni-1 was replaced by another of its name."]);
  });

  test("tells of one that was gone before it began, but not before it returns", async () => {
    const id = namespaceId(path);
    rmSync(path);
    watch(id);
    expect(told).toEqual([]);
    await once();
    expect(told).toHaveLength(1);
  });

  test("tells of a folder that went with it", async () => {
    watch();
    folder.remove();
    await once();
    expect(told).toEqual(["the network namespace cni-1 is gone."]);
  });

  test("says nothing of its neighbours", async () => {
    watch();
    const neighbour = join(folder.path, "cni-2");
    writeFileSync(neighbour, "");
    let seen = false;
    const other = watchNamespace(neighbour, namespaceId(neighbour) ?? "", () => {
      seen = true;
    });
    rmSync(neighbour);
    await waitUntil("the neighbour's end", () => seen);
    other.stop();
    expect(told).toEqual([]);
  });

  test("says nothing once it is stopped, which may be done twice", async () => {
    watch();
    watched?.stop();
    watched?.stop();
    let seen = false;
    const other = watchNamespace(path, namespaceId(path) ?? "", () => {
      seen = true;
    });
    rmSync(path);
    await waitUntil("the other watch", () => seen);
    other.stop();
    expect(told).toEqual([]);
  });
});
