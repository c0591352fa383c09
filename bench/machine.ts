import { cpus, loadavg, release, totalmem } from "node:os";
import { output } from "./command.ts";

export interface Machine {
  cpu: string;
  cpus: number;
  memoryGib: number;
  kernel: string;
  fileSystem: string;
  /** Load average of the last minute when the bench started: near 0 on a quiet machine. */
  load: number;
  tools: string[];
}

const firstLine = (text: string): string => text.split("\n")[0] ?? "";

async function versions(): Promise<string[]> {
  const [tcpdump = "", libpcap = ""] = (await output("tcpdump", "--version")).split("\n");
  const dumpcap = firstLine(await output("dumpcap", "--version")).replace(/ \(Git.*/, "");
  const short = (line: string) => line.replace(" version", "").replace(/ \(.*/, "");
  return [
    short(tcpdump),
    short(libpcap),
    dumpcap.replace(/[()]/g, "").replace(/\.$/, ""),
    `Node ${process.version}`,
  ];
}

export async function describeMachine(folder: string): Promise<Machine> {
  const [model = { model: "unknown" }] = cpus();
  return {
    cpu: model.model,
    cpus: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: (await output("findmnt", "-no", "FSTYPE", "-T", folder)).trim(),
    load: loadavg()[0] ?? 0,
    tools: await versions(),
  };
}
