import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCniCache } from "../../../src/target/cni-cache.ts";
import { mountedName, parseCniResult } from "../../../src/target/cni-result.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { cniResult, UID } from "./fake-node.ts";

const LOOPBACK = { kind: "cniCacheV1", ifName: "lo", netns: "/var/run/netns/cni-1" };

describe("a result of the CNI cache", () => {
  test("names pod, interface and namespace (libcni 1.2 and later)", () => {
    expect(parseCniResult("f", cniResult({ uid: UID, netns: "/var/run/netns/cni-1" }))).toEqual({
      file: "f",
      pod: { uid: UID, namespace: "shop", name: "web" },
      interfaceName: "eth0",
      namespacePath: "/var/run/netns/cni-1",
    });
  });

  test("has the namespace as the sandbox of an interface in older libcni", () => {
    const parsed = parseCniResult("f", cniResult({ uid: UID, sandbox: "/run/netns/0b6c" }));
    expect(parsed).toMatchObject({ namespacePath: "/run/netns/0b6c" });
  });

  test.each([
    ["a torn file", cniResult({ uid: UID, netns: "/run/netns/a" }).slice(0, 90), "not a JSON object"],
    ["an empty file", "", "not a JSON object"],
    ["zeros", "\0".repeat(64), "not a JSON object"],
    ["a list", "[1]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["a bare result of libcni before 0.7", '{"cniVersion":"0.3.1","ips":[]}', "not of kind cniCacheV1"],
    ["another kind", '{"kind":"cniCacheV2"}', "not of kind cniCacheV1"],
    ["no arguments", JSON.stringify(LOOPBACK), "names no pod"],
    ["arguments of another shape", JSON.stringify({ ...LOOPBACK, cniArgs: "K8S_POD_UID=1" }), "names no pod"],
    [
      "pairs of another shape",
      JSON.stringify({
        ...LOOPBACK,
        cniArgs: [null, ["K8S_POD_UID"], ["K8S_POD_UID", 5], ["toString", "x"]],
      }),
      "names no pod",
    ],
    ["no namespace", cniResult({ uid: UID }), "names no network namespace"],
  ])("is skipped with a reason: %s", (_what, text, why) => {
    expect(parseCniResult("f", text)).toEqual({ file: "f", why });
  });

  test.each([
    ["/var/run/netns/cni-1", "cni-1"],
    ["/run/netns/0b6c5f0e", "0b6c5f0e"],
    ["/proc/4711/ns/net", undefined],
    ["/run/netns/..", undefined],
    ["/run/netns/", undefined],
    ["cni-1", undefined],
    ["", undefined],
  ])("namespace path %s means %s in the mounted folder", (namespacePath, name) => {
    expect(mountedName({ file: "f", pod: {}, interfaceName: "eth0", namespacePath })).toBe(name);
  });
});

describe("the folder of the CNI cache", () => {
  test("is read whole; what is no result is skipped with a reason", async () => {
    const folder = makeTemporaryFolder();
    const file = (name: string): string => join(folder.path, name);
    for (let at = 0; at < 70; at += 1) {
      writeFileSync(file(`pods-${at}-eth0`), cniResult({ uid: `uid-${at}`, netns: `/run/netns/cni-${at}` }));
    }
    mkdirSync(file("a-folder"));
    writeFileSync(file("huge"), "");
    truncateSync(file("huge"), 2 << 20);
    symlinkSync("/dev/zero", file("link"));
    symlinkSync(file("nowhere"), file("dangling"));
    const cache = await readCniCache(folder.path);
    folder.remove();
    expect(cache.attachments.map(({ pod }) => pod.uid).sort()).toEqual(
      Array.from({ length: 70 }, (_, at) => `uid-${at}`).sort(),
    );
    expect(cache.skipped).toEqual([
      { file: "a-folder", why: "not a file" },
      { file: "dangling", why: "ENOENT" },
      { file: "huge", why: "too large" },
      { file: "link", why: "not a file" },
    ]);
    expect(cache.unreadable).toBeUndefined();
  });

  test("that is not there is an empty cache, and says so", async () => {
    expect(await readCniCache("/nowhere/results")).toEqual({
      attachments: [],
      skipped: [],
      unreadable: "ENOENT",
    });
  });
});
