import {
  type CaptureOptions,
  type CaptureReport,
  type Native,
  type NativeCapture,
  type NativeError,
  NO_PACKETS,
} from "../capture/native.ts";

const NOT_STARTED: CaptureReport = {
  state: "ended",
  warnings: [],
  statistics: NO_PACKETS,
  currentFile: "",
  bytesOnDisk: 0,
  startTime: 0,
  resumedTime: 0,
  endTime: 0,
};

/** No thread or descriptor to be had is an end like any other, for the status to tell. */
export function startEngine(
  native: Native,
  options: CaptureOptions,
  onChange: (report: CaptureReport) => void,
): NativeCapture {
  try {
    return native.startCapture(options, onChange);
  } catch (error) {
    const { code, message } = error as NativeError;
    if (code !== "CaptureError" && code !== "NotEnoughMemory") throw error;
    const report = { ...NOT_STARTED, end: { reason: code, message } };
    setImmediate(() => onChange(report));
    return { stop: () => undefined, suspend: () => undefined, report: () => report };
  }
}
