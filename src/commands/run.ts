import { finalProgress } from "../agent/progress.ts";
import { readManifestFile } from "../api/manifest-file.ts";
import type { PacketCapture } from "../api/resource.ts";
import { type CaptureReport, loadNative } from "../capture/native.ts";
import { throwProblems } from "../errors.ts";
import { createLog, type Log } from "../log.ts";
import { createProgress, type Progress } from "../progress/terminal.ts";
import { createdCaptures, runCaptures } from "../run/captures.ts";
import { stopOnSignals } from "../run/interrupts.ts";
import { printResources } from "../run/output.ts";
import { absoluteOutput } from "../run/output-folder.ts";
import { preflight } from "../run/preflight.ts";
import { RUN_DEFAULTS, readSettings } from "../settings.ts";
import type { CaptureEvent } from "../store/capture-store.ts";
import { createFileStore } from "../store/files/file-store.ts";
import { recoverDead } from "../store/files/recovery.ts";

export interface RunArguments {
  file: string;
  output: string;
}

/** `pcapper run`: the captures of a manifest, on this machine. @returns the exit code */
export async function run({ file, output: folder }: RunArguments): Promise<number> {
  const settings = readSettings(process.env, RUN_DEFAULTS);
  const documents = await readManifestFile(file);
  const native = loadNative();
  const output = absoluteOutput(folder);
  await preflight(native, documents, output);
  const captures = createdCaptures(
    documents.map(({ capture }) => capture),
    Date.now(),
  );

  const stop = new AbortController();
  const log = createLog(settings.logLevel);
  const progress = process.stderr.isTTY ? createProgress(process.stderr) : undefined;
  const say = (line: string) => (progress === undefined ? log.info({}, line) : progress.note(line));
  stopOnSignals(stop, say);
  const store = createFileStore((capture, event) => tell(log, progress, capture, event));

  await recoverDead(native, output, (message) => log.warn({}, message));
  const onReport = (capture: PacketCapture, report: CaptureReport, latest: () => CaptureReport): void => {
    progress?.follow(capture, latest);
    if (progress === undefined && report.startTime > 0) void log.open();
  };
  const world = { native, store, settings, output, stop: stop.signal, onReport };
  const { ended, problems } = await runCaptures(world, captures);
  const notKept = await store.close();
  progress?.end();
  await log.open();
  await printResources(ended);
  throwProblems([...problems, ...notKept]);
  return ended.every((capture) => capture.status?.progress === "finished") ? 0 : 1;
}

/** One line per transition, with the names of the capture; on a terminal the ends and warnings only. */
function tell(
  log: Log,
  progress: Progress | undefined,
  { metadata }: PacketCapture,
  event: CaptureEvent,
): void {
  const { namespace = "", name, uid = "" } = metadata;
  if (progress !== undefined) {
    const worthALine = event.type === "Warning" || finalProgress(event.reason) === "finished";
    if (worthALine) progress.note(`${name}: ${event.reason}: ${event.message}`);
    return;
  }
  const say = event.type === "Warning" ? log.warn : log.info;
  say({ namespace, name, uid, reason: event.reason }, event.message);
}
