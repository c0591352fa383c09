import { statSync } from "node:fs";
import { resolve } from "node:path";
import { loadNative } from "../capture/native.ts";
import { PcapperError } from "../errors.ts";
import { printable } from "../printable.ts";
import { recoverAll } from "../store/files/recovery.ts";

/** `pcapper recover`: makes whole what a crash left, a line for each capture. @returns the exit code */
export async function recover({ output }: { output: string }): Promise<number> {
  if (!statSync(output, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PcapperError("PCAPPER_BAD_OUTPUT", `--output is "${output}": there is no such folder`);
  }
  await recoverAll(loadNative(), resolve(output), (line) => process.stdout.write(`${printable(line)}\n`));
  return 0;
}
