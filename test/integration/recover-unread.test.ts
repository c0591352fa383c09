import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
/** Without what lets root read everything. */
const RIGHTS = "-dac_override,-dac_read_search";
const AS_ANYBODY = ["setpriv", `--bounding-set=${RIGHTS}`, `--inh-caps=${RIGHTS}`];

describeAsRoot("pcapper recover where it may not read", () => {
  let scratch: TemporaryFolder;
  beforeEach(() => {
    scratch = makeTemporaryFolder();
    mkdirSync(join(scratch.path, "open"));
    mkdirSync(join(scratch.path, "closed"));
    return () => {
      for (const folder of [scratch.path, join(scratch.path, "closed")]) chmodSync(folder, 0o700);
      scratch.remove();
    };
  });
  const recover = () => execute([...AS_ANYBODY, LAUNCHER, "recover", "--output", scratch.path]);

  test("a capture's folder is named, and the exit code is 1", async () => {
    chmodSync(join(scratch.path, "closed"), 0);
    const { code, stderr } = await recover();
    expect(stderr).toMatch(
      /^pcapper: .+\/closed: this user may not read it: .+ \[PCAPPER_RECOVERY_INCOMPLETE\]\n$/,
    );
    expect(code).toBe(1);
  });

  test("an output folder is wrong use", async () => {
    chmodSync(scratch.path, 0);
    const { code, stderr } = await recover();
    expect(stderr).toMatch(/^pcapper: --output is ".+": this user may not read it \[PCAPPER_BAD_OUTPUT\]\n$/);
    expect(code).toBe(2);
  });
});
