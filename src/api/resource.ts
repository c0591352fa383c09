/** The resource, as the CRD's schema has it (types made by scripts/generate.ts). */
import type { PacketCapture } from "./generated/types.ts";

export type { PacketCapture } from "./generated/types.ts";

/** What a user writes. Numbers may be strings; `planCapture` makes plain numbers of them. */
export type PacketCaptureSpec = PacketCapture["spec"];

/** What pcapper answers. */
export type PacketCaptureStatus = NonNullable<PacketCapture["status"]>;

export const API_VERSION = "packetcapture.pcapper/v1alpha1";

export const KIND = "PacketCapture";
