export interface CaptureTask {
  interfaceName: string;
  /** Existing empty folder for the capture's files. */
  folder: string;
  /** pcap-filter expression; empty = all packets. */
  filter: string;
  /** Bytes of files when nothing is lost. */
  expectedBytes: number;
  /** Size of a file for the writers that rotate, in bytes: a multiple of a million, tcpdump's unit. */
  rotateBytes: number;
}

/** What the program itself says about its capture. */
export interface OwnCount {
  /** Packets written, those in removed files included. */
  packets: number;
  /** Packets in removed files; undefined where the program does not tell. */
  removed?: number;
  /** Packets lost, by its own count; undefined where the program does not tell. */
  dropped?: number;
}

export interface Writer {
  /** How it is called, for the table. */
  label: string;
  command: string[];
  environment?: Record<string, string>;
  /** Before the program starts: files it wants to read. */
  prepare?: () => Promise<void>;
  /** After its end. @throws Error where it failed, in its own words */
  ownCount?: (stdout: string, stderr: string) => Promise<OwnCount>;
}

export const snapLength = 262_144;
/** How many files a rotating writer keeps. */
export const ringFiles = 10;
/** Megabytes (2^20) of the kernel's ring where a writer's own default is not measured. */
export const ringMebibytes = 64;
