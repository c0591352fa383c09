import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { execute } from "../helpers/execute.ts";
import { capture } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

let scratch: TemporaryFolder;
beforeEach(() => {
  scratch = makeTemporaryFolder();
  const lo = capture("pcap1", { targetNode: "localhost", targetInterface: "lo" });
  writeFileSync(join(scratch.path, "capture.yaml"), JSON.stringify(lo));
  return () => scratch.remove();
});

const validate = (redirection: string) =>
  execute(["sh", "-c", `exec ${LAUNCHER} validate -f ${scratch.path}/capture.yaml ${redirection}`]);

test("a result that a full disk does not take is a failure, in one sentence", async () => {
  const { code, stderr } = await validate("> /dev/full");
  expect(stderr).toMatch(/^pcapper: standard output cannot be written: ENOSPC.+ \[PCAPPER_STDOUT_LOST\]\n$/);
  expect(code).toBe(1);
});

test.each(["| head -c 0; true", ">&-", "2>&-"])(
  "a reader that does not want it is none (%s)",
  async (redirection) => {
    expect(await validate(redirection)).toMatchObject({ code: 0, stderr: "" });
  },
);
