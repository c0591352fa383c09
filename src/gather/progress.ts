import { createLogUpdate } from "log-update";
import { byteSizeText } from "../byte-size.ts";
import type { Log } from "../log.ts";
import type { NodeWatcher } from "./gather-node.ts";
import { type NodeProgress, progressRow } from "./progress-rows.ts";

export interface GatherProgress {
  watch(node: string): NodeWatcher;
  /** Leaves the last state on the terminal. */
  end(): void;
}

const REDRAW_EVERY = 200;

/** A bar for each node. */
export function createBars(terminal: NodeJS.WriteStream): GatherProgress {
  const draw = createLogUpdate(terminal);
  const rows: NodeProgress[] = [];
  const redraw = (): void => {
    const width = Math.max(0, ...rows.map(({ node }) => node.length));
    draw(rows.map((row) => progressRow(row, width).slice(0, (terminal.columns || 80) - 1)).join("\n"));
  };
  const timer = setInterval(redraw, REDRAW_EVERY);
  return {
    watch: (node) => {
      const row: NodeProgress = {
        ...{ node, files: 0, filesDone: 0, bytes: 0, bytesDone: 0, received: 0, elapsed: 0 },
      };
      rows.push(row);
      let began = performance.now();
      return {
        expect: (files, bytes) => {
          Object.assign(row, { files, bytes });
          began = performance.now();
        },
        bytes: (more, received) => {
          row.bytesDone += more;
          if (received) row.received += more;
          row.elapsed = performance.now() - began;
          row.warning = undefined;
        },
        fetched: () => {
          row.filesDone += 1;
        },
        warn: (sentence) => {
          row.warning = sentence;
        },
      };
    },
    end: () => {
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}

/** A log line for each file. */
export function createLines(log: Log): GatherProgress {
  return {
    watch: (node) => ({
      expect: (files, bytes) => log.info({}, `${node}: ${files} files, ${byteSizeText(bytes)}, are to come.`),
      bytes: () => undefined,
      fetched: (file, { bytes, already }) =>
        log.info(
          {},
          `${node}: ${file}: ${byteSizeText(bytes)}, ${already ? "was here already" : "fetched"}.`,
        ),
      warn: (sentence) => log.warn({}, `${node}: ${sentence}`),
    }),
    end: () => undefined,
  };
}
