import { byteSizeText } from "../byte-size.ts";
import { printable } from "../printable.ts";
import { clockText } from "../progress/line.ts";

/** How far a node is. */
export interface NodeProgress {
  node: string;
  /** asked: it has not said yet what it has. given up: it never will. */
  state: "asked" | "listed" | "given up";
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  /** Bytes that were received now, not found here. */
  received: number;
  /** Milliseconds since it was asked, then since its list was here. */
  elapsed: number;
  warning?: string | undefined;
}

const BAR = 24;

/** `node-a  ██████░░░░  60%  1.2 GB of 2 GB  110 MB/s  0:07 left  3 of 5 files` */
export function progressRow(progress: NodeProgress, nameWidth: number): string {
  const parts = [
    progress.node.padEnd(nameWidth),
    ...(progress.state === "listed" ? barOf(progress) : [waitText(progress)]),
    progress.warning,
  ];
  return printable(parts.filter((part) => part !== undefined).join("  "));
}

function waitText({ state, elapsed }: NodeProgress): string {
  return state === "given up"
    ? "given up"
    : `asked what it has, ${clockText(Math.floor(elapsed / 1000))} ago`;
}

function barOf({ files, filesDone, bytes, bytesDone, received, elapsed }: NodeProgress) {
  const share = bytes > 0 ? Math.min(1, bytesDone / bytes) : filesDone >= files ? 1 : 0;
  const full = Math.floor(share * BAR);
  const rate = elapsed > 0 ? (received * 1000) / elapsed : 0;
  const left =
    rate > 0 && bytesDone < bytes ? `${clockText(Math.ceil((bytes - bytesDone) / rate))} left` : undefined;
  return [
    `${"█".repeat(full)}${"░".repeat(BAR - full)}`,
    `${String(Math.floor(share * 100)).padStart(3)}%`,
    `${byteSizeText(bytesDone)} of ${byteSizeText(bytes)}`,
    `${byteSizeText(Math.round(rate))}/s`,
    left,
    `${filesDone} of ${files} files`,
  ];
}
