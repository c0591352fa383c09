/** A validated spec → plain numbers, defaults applied: all that a capture needs to know. */
import { parseQuantity } from "../quantity.ts";
import type { PacketCaptureSpec } from "./resource.ts";

type CaptureTarget =
  | { kind: "node"; node: string; interfaceName: string }
  | { kind: "pod"; namespace: string; pod: string; interfaceName?: string };

export interface CapturePlan {
  target: CaptureTarget;
  captureSeconds: number;
  /** pcap-filter expression; empty = all packets. */
  captureFilter: string;
  /** Bytes. */
  maxFileSize: number;
  fileCount: number;
  /** 0 = no such limit. */
  packetCount: number;
  /** Bytes. */
  snapLength: number;
  promiscuous: boolean;
  /** Bytes that the files of this capture may take at most. */
  worstCaseBytes: number;
}

function planTarget(spec: PacketCaptureSpec): CaptureTarget {
  const { targetNamespace, targetPod, targetNode, targetInterface } = spec;
  if (targetNode !== undefined && targetInterface !== undefined) {
    return { kind: "node", node: targetNode, interfaceName: targetInterface };
  }
  if (targetNamespace !== undefined && targetPod !== undefined) {
    const pod = { kind: "pod" as const, namespace: targetNamespace, pod: targetPod };
    return targetInterface === undefined ? pod : { ...pod, interfaceName: targetInterface };
  }
  throw new TypeError("planCapture needs a validated spec: it has no target");
}

function wholeNumber(field: string, value: number | string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new TypeError(`planCapture needs a validated spec: ${field} is ${value}`);
  return number;
}

function wholeBytes(field: string, value: number | string): number {
  const bytes = parseQuantity(String(value));
  if (bytes === undefined) throw new TypeError(`planCapture needs a validated spec: ${field} is ${value}`);
  return bytes;
}

/**
 * @param spec has passed validation, by `readManifests` or by the API server.
 * @throws TypeError where it has not.
 */
export function planCapture(spec: PacketCaptureSpec): CapturePlan {
  const maxFileSize = wholeBytes("maxFileSize", spec.maxFileSize ?? "100M");
  const fileCount = wholeNumber("fileCount", spec.fileCount ?? 10);
  return {
    target: planTarget(spec),
    captureSeconds: wholeNumber("captureSeconds", spec.captureSeconds ?? 600),
    captureFilter: spec.captureFilter?.trim() ?? "",
    maxFileSize,
    fileCount,
    packetCount: wholeNumber("packetCount", spec.packetCount ?? 0),
    snapLength: wholeNumber("snapLength", spec.snapLength ?? 262_144),
    promiscuous: spec.promiscuous ?? true,
    worstCaseBytes: maxFileSize * fileCount,
  };
}
