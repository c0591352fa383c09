/** What `pcapper export list` says: the contract between a node's pod and those who gather. */

export interface ExportedFile {
  /** Without `.part`, also while it is written. */
  name: string;
  /** Of a file that is being written: the length its manifest published. */
  bytes: number;
  /** Of its packets; absent or "" where there are none, or where no manifest tells. */
  firstTimestamp?: string;
  lastTimestamp?: string;
  /** When it was last written, RFC 3339, by the node's clock. */
  modified: string;
}

export interface ExportedCapture {
  /** Its folder below the hostmount: the capture's name. */
  folder: string;
  /** What all its files begin with: `NODE.NAME.EPOCH`. */
  prefix: string;
  /** As it is on the disk; absent where it cannot be used. */
  manifest?: object;
  /** The manifest as a file; absent where there is none, or where it changes every second. */
  manifestFile?: ExportedFile;
  /** Its manifest has no end yet. */
  running: boolean;
  files: ExportedFile[];
  /** Files that the ring of a running capture has removed, and that its manifest still names. */
  removedMeanwhile?: string[];
  /** One sentence each: what is named and missing, what is there and should not be. */
  problems: string[];
}

export const EXPORT_VERSION = "pcapper/v1";

export interface ExportList {
  export: typeof EXPORT_VERSION;
  node: string;
  captures: ExportedCapture[];
  /** Of folders as a whole. */
  problems: string[];
}

/** The line on stderr with which `pcapper export read` ends. */
export interface ExportChecksum {
  bytes: number;
  /** SHA-256 of the file from its first byte, hexadecimal. */
  sha256: string;
}
