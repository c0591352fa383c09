import { planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { CaptureReport } from "../capture/native.ts";
import { printable } from "../printable.ts";
import { progressLine } from "./line.ts";
import { type Sample, withSample } from "./rate.ts";

const REDRAW_EVERY = 500;
const CLEAR_LINE = "\u001b[2K";

/** The part of a terminal that is needed; stderr is one. */
export interface Terminal {
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Draws a line for it from now on. */
  follow(capture: PacketCapture, latest: () => CaptureReport): void;
  /** A line that stays, above the ones that are redrawn. */
  note(text: string): void;
  /** Draws once more and leaves the lines where they are. */
  end(): void;
}

interface Row {
  capture: PacketCapture;
  latest: () => CaptureReport;
  report: CaptureReport;
  samples: Sample[];
}

/** One line per capture, redrawn in place. */
export function createProgress(terminal: Terminal): Progress {
  const rows = new Map<string, Row>();
  let drawn = 0;
  const draw = (note?: string, room = roomOf(terminal)): void => {
    // 0 where nobody has told the terminal its size.
    const columns = terminal.columns || 80;
    const now = Date.now();
    for (const row of rows.values()) look(row, now);
    const texts = fitting([...rows.values()], room, (row) => printable(rowText(row, now)));
    const lines = texts.map((text) => text.slice(0, columns - 1));
    const above = note === undefined ? [] : [printable(note)];
    const up = drawn > 0 ? `\u001b[${drawn}A` : "";
    terminal.write(up + [...above, ...lines].map((line) => `\r${CLEAR_LINE}${line}\n`).join(""));
    drawn = lines.length;
  };
  const timer = setInterval(() => draw(), REDRAW_EVERY);
  timer.unref();
  return {
    follow: (capture, latest) => {
      const key = capture.metadata.uid ?? capture.metadata.name;
      rows.set(key, { capture, latest, report: latest(), samples: rows.get(key)?.samples ?? [] });
    },
    note: (text) => draw(text),
    end: () => {
      clearInterval(timer);
      // Nothing is drawn over these: all of them, even where they scroll.
      draw(undefined, rows.size);
    },
  };
}

/** Lines that can be drawn over again: the cursor stands below them, and does not climb above the screen. */
function roomOf({ rows }: Terminal): number {
  return rows ? Math.max(1, rows - 1) : Number.POSITIVE_INFINITY;
}

/** A line for each row, or for as many as there is room for, and one that tells of the rest. */
function fitting<T>(rows: readonly T[], room: number, text: (row: T) => string): string[] {
  if (rows.length <= room) return rows.map(text);
  const shown = rows.slice(0, room - 1);
  return [...shown.map(text), `and ${rows.length - shown.length} more captures`];
}

/** Also at those for which there is no line: one may come to be shown. */
function look(row: Row, now: number): void {
  row.report = row.latest();
  const { startTime, statistics } = row.report;
  if (startTime === 0) return;
  const before = row.samples.length > 0 ? row.samples : [{ time: startTime, packets: 0 }];
  row.samples = withSample(before, { time: now, packets: statistics.packets });
}

function rowText({ capture, report, samples }: Row, now: number): string {
  const { captureSeconds } = planCapture(capture.spec);
  return progressLine({ name: capture.metadata.name, captureSeconds, report, samples, now });
}
