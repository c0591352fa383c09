import { byteSizeText } from "../byte-size.ts";
import { clockText } from "../progress/line.ts";

/** How far a node is. */
export interface NodeProgress {
  node: string;
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  /** Bytes that were received now, not found here, and over how many milliseconds. */
  received: number;
  elapsed: number;
  warning?: string | undefined;
}

const BAR = 24;

/** `node-a  ██████░░░░  60%  1.2 GB of 2 GB  110 MB/s  0:07 left  3 of 5 files` */
export function progressRow(progress: NodeProgress, nameWidth: number): string {
  const { node, files, filesDone, bytes, bytesDone, received, elapsed, warning } = progress;
  const share = bytes > 0 ? Math.min(1, bytesDone / bytes) : filesDone >= files ? 1 : 0;
  const full = Math.floor(share * BAR);
  const rate = elapsed > 0 ? (received * 1000) / elapsed : 0;
  const left =
    rate > 0 && bytesDone < bytes ? `${clockText(Math.ceil((bytes - bytesDone) / rate))} left` : undefined;
  const parts = [
    node.padEnd(nameWidth),
    `${"█".repeat(full)}${"░".repeat(BAR - full)}`,
    `${String(Math.floor(share * 100)).padStart(3)}%`,
    `${byteSizeText(bytesDone)} of ${byteSizeText(bytes)}`,
    `${byteSizeText(Math.round(rate))}/s`,
    left,
    `${filesDone} of ${files} files`,
    warning,
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}
