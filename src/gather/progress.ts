import { createLogUpdate } from "log-update";
import { byteSizeText } from "../byte-size.ts";
import type { Log } from "../log.ts";
import { printable } from "../printable.ts";
import type { NodeWatcher } from "./gather-node.ts";
import { type NodeProgress, progressRow } from "./progress-rows.ts";

export interface GatherProgress {
  /** From when a node is asked what it has. */
  watch(node: string): NodeWatcher;
  /** Leaves the last state on the terminal. */
  end(): void;
}

const REDRAW_EVERY = 200;

/** A bar for each node. */
export function createBars(terminal: NodeJS.WriteStream): GatherProgress {
  const draw = createLogUpdate(terminal);
  const rows: WatchedRow[] = [];
  const redraw = (): void => {
    const width = Math.max(0, ...rows.map(({ row }) => row.node.length));
    const lines = rows.map((watched) => progressRow(rowNow(watched), width));
    draw(lines.map((line) => line.slice(0, (terminal.columns || 80) - 1)).join("\n"));
  };
  const timer = setInterval(redraw, REDRAW_EVERY);
  return {
    watch: (node) => {
      const row: NodeProgress = {
        ...{ node, state: "asked", files: 0, filesDone: 0 },
        ...{ bytes: 0, bytesDone: 0, received: 0, elapsed: 0 },
      };
      const watched = { row, began: performance.now() };
      rows.push(watched);
      return watcherOf(watched);
    },
    end: () => {
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}

interface WatchedRow {
  row: NodeProgress;
  /** When it was asked, then when its list was here, by `performance.now`. */
  began: number;
}

/** Nothing happens while an answer is waited for: the clock alone shows that somebody waits. */
function rowNow({ row, began }: WatchedRow): NodeProgress {
  return row.state === "asked" ? { ...row, elapsed: performance.now() - began } : row;
}

function watcherOf(watched: WatchedRow): NodeWatcher {
  const { row } = watched;
  return {
    expect: (files, bytes) => {
      Object.assign(row, { state: "listed", files, bytes, warning: undefined });
      watched.began = performance.now();
    },
    bytes: (more, received) => {
      row.bytesDone += more;
      if (received) row.received += more;
      row.elapsed = performance.now() - watched.began;
      row.warning = undefined;
    },
    fetched: () => {
      row.filesDone += 1;
    },
    warn: (sentence) => {
      row.warning = sentence;
    },
    gaveUp: (sentence) => {
      row.warning = sentence;
      if (row.state === "asked") row.state = "given up";
    },
  };
}

/** A log line for each file. */
export function createLines(log: Log): GatherProgress {
  const say = (severity: "info" | "warn", line: string): void => log[severity]({}, printable(line));
  return {
    watch: (node) => {
      say("info", `${node}: asked what it has.`);
      return {
        expect: (files, bytes) =>
          say("info", `${node}: ${files} files, ${byteSizeText(bytes)}, are to come.`),
        bytes: () => undefined,
        fetched: (file, { bytes, already }) =>
          say(
            "info",
            `${node}: ${file}: ${byteSizeText(bytes)}, ${already ? "was here already" : "fetched"}.`,
          ),
        warn: (sentence) => say("warn", `${node}: ${sentence}`),
        gaveUp: (sentence) => say("warn", `${node}: given up: ${sentence}`),
      };
    },
    end: () => undefined,
  };
}
