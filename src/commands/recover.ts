import { accessSync, constants, statSync } from "node:fs";
import { loadNative } from "../capture/native.ts";
import { PcapperError, type Problem, throwProblems } from "../errors.ts";
import { printable } from "../printable.ts";
import { absoluteOutput } from "../run/output-folder.ts";
import { recoverAll } from "../store/files/recovery.ts";
import { foldersIn } from "../store/files/running-captures.ts";

/**
 * `pcapper recover`: makes whole what a crash left, a line for each capture.
 * @returns the exit code
 * @throws PcapperError where it could not look everywhere; the rest is whole
 */
export async function recover({ output }: { output: string }): Promise<number> {
  if (!statSync(output, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PcapperError("PCAPPER_BAD_OUTPUT", `--output is "${output}": there is no such folder`);
  }
  if (!isReadable(output)) {
    throw new PcapperError("PCAPPER_BAD_OUTPUT", `--output is "${output}": this user may not read it`);
  }
  const folder = absoluteOutput(output);
  await recoverAll(loadNative(), folder, (line) => process.stdout.write(`${printable(line)}\n`));
  throwProblems(foldersIn(folder).flatMap((inside) => (isReadable(inside) ? [] : unread(inside))));
  return 0;
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unread(folder: string): Problem {
  const message = `${folder}: this user may not read it: what a crash left there was not looked for`;
  return { code: "PCAPPER_RECOVERY_INCOMPLETE", message };
}
