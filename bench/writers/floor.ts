import { join } from "node:path";
import { programPath } from "../toolbox.ts";
import type { CaptureTask, Writer } from "./writer.ts";

export function floor(task: CaptureTask): Writer {
  const file = join(task.folder, "floor.pcap");
  return {
    label: "floor (bare C loop)",
    command: [programPath("floor"), task.interfaceName, file, task.filter],
  };
}
