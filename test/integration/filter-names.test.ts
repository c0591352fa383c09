import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest, execute } from "../helpers/execute.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import { capture } from "../helpers/pcapper.ts";
import { type SilentServer, startSilentServer, useOwnResolver } from "../helpers/silent-resolver.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

describeAsRoot("A host name in a filter that no DNS server answers", () => {
  let link: Link;
  let folder: TemporaryFolder;
  let server: SilentServer;
  let file: string;
  beforeAll(async () => {
    link = await makeLink();
    folder = makeTemporaryFolder();
    await useOwnResolver(link.near, folder, 30);
    file = join(folder.path, "named.yaml");
    const spec = { targetNode: "localhost", targetInterface: "near0", captureFilter: "host web.invalid" };
    writeFileSync(file, JSON.stringify(capture("named", spec)));
  });
  afterAll(() => {
    link.remove();
    folder.remove();
  });
  beforeEach(async () => {
    server = await startSilentServer(link.near);
  });
  afterEach(() => server.remove());

  const output = () => join(folder.path, "captures");
  const commands = {
    validate: () => link.near.inside([LAUNCHER, "validate", "-f", file]),
    run: () => link.near.inside([LAUNCHER, "run", "-f", file, "--output", output()]),
  };

  for (const name of ["validate", "run"] as const) {
    test(`${name} says so, without waiting for the resolver to give up, and writes nothing`, async () => {
      const { code, stdout, stderr } = await execute(commands[name]());
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(
        /: spec\.captureFilter is "host web\.invalid": looking up its host names took longer than 10 s: write addresses, or try again when DNS answers \[PCAPPER_INVALID_FILTER\]\n$/,
      );
      expect(existsSync(output())).toBe(false);
    });

    test(`${name} is ended by Ctrl-C meanwhile`, async () => {
      const child = spawn("setpriv", dyingWithTest(commands[name]()), { stdio: ["ignore", "pipe", "pipe"] });
      const kill = atLatestAtExit(() => child.kill("SIGKILL"));
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      const closed = once(child, "close");
      await server.asked;
      child.kill("SIGINT");
      const [, signal] = await closed;
      kill();
      expect([signal, stderr]).toEqual(["SIGINT", ""]);
      expect(existsSync(output())).toBe(false);
    });
  }
});
