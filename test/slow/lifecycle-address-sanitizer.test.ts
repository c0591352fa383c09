import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unfinishedIn } from "../fixtures/lifecycle/left-files.ts";
import { type Ending, runChild, STATES } from "../fixtures/lifecycle/run-child.ts";
import { makeSteadyTraffic, type SteadyTraffic } from "../fixtures/lifecycle/steady-traffic.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { mustExecute } from "../helpers/execute.ts";
import { useOwnResolver } from "../helpers/silent-resolver.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const ENDINGS = { return: 0, exit: 0, exception: 1, "sigterm-handled": 0, terminate: 0, "two-workers": 0 };

describeAsRoot("The addon under AddressSanitizer", () => {
  let traffic: SteadyTraffic;
  let preload: string;
  const files = makeTemporaryFolder();
  beforeAll(async () => {
    preload = (await mustExecute(["sh", join(ROOT, "native/test/build-addon-asan.sh")])).trim();
    traffic = await makeSteadyTraffic(2_000);
    await useOwnResolver(traffic.near, files, 30);
  }, 180_000);
  afterAll(() => {
    traffic.remove();
    files.remove();
  });

  for (const state of [...STATES, "looking-up"] as const) {
    for (const [ending, exitCode] of Object.entries(ENDINGS) as [Ending, number][]) {
      // One DNS server is enough.
      if (state === "looking-up" && ending === "two-workers") continue;
      test(`${state}, ended by ${ending}: no finding, no leak, whole files`, async () => {
        const folder = makeTemporaryFolder();
        const env = {
          LD_PRELOAD: preload,
          ASAN_OPTIONS: "detect_leaks=1:exitcode=99:detect_stack_use_after_return=1",
          LSAN_OPTIONS: `print_suppressions=0:suppressions=${join(ROOT, "native/test/leaks-of-node.txt")}`,
        };
        const addon = join(ROOT, "build/asan/pcapper.node");
        const ended = await runChild({
          namespace: traffic.near,
          folder: folder.path,
          state,
          ending,
          addon,
          env,
        });
        expect(ended.stderr).not.toContain("Sanitizer");
        expect(ended.signal, ended.stderr).toBeNull();
        expect(ended.exitCode, ended.stderr).toBe(exitCode);
        expect(unfinishedIn(folder.path)).toEqual([]);
        folder.remove();
      });
    }
  }
});
