import type { CaptureOptions } from "../../src/capture/native.ts";

/** A small capture on lo; `folder` is the caller's to give. */
export const ENGINE_OPTIONS: CaptureOptions = {
  networkNamespace: "",
  namespaceId: "",
  interfaceName: "lo",
  filter: "",
  snapLength: 1500,
  promiscuous: false,
  ringBytes: 1 << 20,
  captureSeconds: 60,
  packetCount: 0,
  folder: "",
  filePrefix: "t",
  maxFileSize: 1_000_000,
  fileCount: 1,
  maxWriteRate: 0,
  minFreeDisk: { bytes: 0, percent: 0, text: "" },
  manifestHead: "{}",
  suspendAtExit: false,
};
