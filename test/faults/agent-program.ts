/** What runs as the agent: as it ships, or with the engine built under AddressSanitizer and UBSan. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../helpers/execute.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface AgentProgram {
  command: string[];
  /** Libraries to be loaded before all others. */
  libraries: string[];
  env: Record<string, string>;
  /** Its memory and its speed are its own, and say nothing of the agent's. */
  isSanitized: boolean;
}

export const SHIPPED: AgentProgram = {
  command: [join(ROOT, "bin/pcapper")],
  libraries: [],
  env: {},
  isSanitized: false,
};

/** The bundle beside such an addon. A leak is told only by an agent that ends by its own will. */
export async function sanitizedProgram(): Promise<AgentProgram> {
  const library = (await mustExecute(["sh", join(ROOT, "native/test/build-addon-asan.sh")])).trim();
  const folder = join(ROOT, "build/asan/dist");
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(ROOT, "dist"), folder, { recursive: true });
  cpSync(join(ROOT, "build/asan/pcapper.node"), join(folder, "pcapper.node"));
  return {
    command: [process.execPath, join(folder, "pcapper.mjs")],
    libraries: [library],
    env: {
      ASAN_OPTIONS: "detect_leaks=1:detect_stack_use_after_return=1:quarantine_size_mb=16",
      LSAN_OPTIONS: `print_suppressions=0:suppressions=${join(ROOT, "native/test/leaks-of-node.txt")}`,
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
    isSanitized: true,
  };
}

/** What a sanitizer has said in the words of an agent. */
export function sanitizerFindings(log: string): string[] {
  return log.split("\n").filter((line) => /Sanitizer: |runtime error: /.test(line));
}
