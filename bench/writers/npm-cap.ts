import { join } from "node:path";
import { nodeProgram, npmCapFolder } from "../toolbox.ts";
import type { CaptureTask, Writer } from "./writer.ts";

export function npmCap(task: CaptureTask): Writer {
  const program = join(import.meta.dirname, "npm-cap-program.mjs");
  const file = join(task.folder, "npm-cap.pcap");
  const command = [nodeProgram, program, npmCapFolder, task.interfaceName, file, task.filter];
  return { label: "npm cap + writeSync", command };
}
