import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { root } from "../toolbox.ts";
import {
  type CaptureTask,
  type OwnCount,
  ringFiles,
  ringMebibytes,
  snapLength,
  type Writer,
} from "./writer.ts";

const captureName = "bench";

interface Files {
  maxFileSize: number;
  fileCount: number;
}

const largestFile = 2 ** 40;

function manifest(task: CaptureTask, files: Files): string {
  return stringify({
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name: captureName },
    spec: {
      targetNode: "localhost",
      targetInterface: task.interfaceName,
      ...(task.filter === "" ? {} : { captureFilter: task.filter }),
      snapLength,
      ...files,
    },
  });
}

/** Packets of removed files, from the manifest that the engine keeps beside the captures. */
async function removedPackets(folder: string): Promise<number> {
  const names = await readdir(folder);
  const name = names.find((file) => file.endsWith(".json") && !file.endsWith(".status.json"));
  if (name === undefined) throw new Error(`pcapper: no manifest in ${folder}`);
  return JSON.parse(await readFile(join(folder, name), "utf8")).removed.packets;
}

async function ownCount(output: string, stdout: string, stderr: string): Promise<OwnCount> {
  const status = parse(stdout)?.status;
  if (status?.progress !== "finished") {
    throw new Error(`pcapper: ${status?.reason ?? ""} ${status?.message ?? stderr.trim()}`);
  }
  const { packets, dropped } = status.statistics;
  return { packets, dropped, removed: await removedPackets(join(output, captureName)) };
}

function pcapper(task: CaptureTask, label: string, files: Files): Writer {
  const [manifestPath, output] = [join(task.folder, "manifest.yaml"), join(task.folder, "captures")];
  return {
    label,
    command: [join(root, "bin/pcapper"), "run", "-f", manifestPath, "--output", output],
    environment: {
      MAX_TOTAL_FILESIZE: "1Ti",
      MIN_FREE_DISK: "1G",
      CAPTURE_BUFFER: `${ringMebibytes}Mi`,
      LOG_LEVEL: "warn",
    },
    prepare: () => writeFile(manifestPath, manifest(task, files)),
    ownCount: (stdout, stderr) => ownCount(output, stdout, stderr),
  };
}

/** One file, large enough for everything. */
export function pcapperPlain(task: CaptureTask): Writer {
  const maxFileSize = Math.min(largestFile, Math.ceil(task.expectedBytes * 1.1) + (1 << 20));
  return pcapper(task, "pcapper", { maxFileSize, fileCount: 1 });
}

export function pcapperRotating(task: CaptureTask): Writer {
  const label = `pcapper, ${task.rotateBytes / 1e6}M × ${ringFiles}`;
  return pcapper(task, label, { maxFileSize: task.rotateBytes, fileCount: ringFiles });
}
