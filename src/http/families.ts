/** What is shown at /metrics, and what each number means. docs/metrics.md has the same table. */
import { finalProgress } from "../agent/progress.ts";
import { REASONS } from "../errors.ts";
import { VERSION } from "../version.ts";
import { type AgentFigures, API_ERROR_CLASSES, type DiskFigures } from "./figures.ts";

type Labels = Readonly<Record<string, string>>;

/** One metric. Labels take their values from short lists only: never a name of a capture, pod or node. */
export interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge";
  labels: readonly string[];
  samples(figures: AgentFigures): Iterable<readonly [Labels, number]>;
}

export const FAMILIES: readonly Family[] = [
  {
    name: "pcapper_captures_running",
    help: "Captures whose engine has begun and not ended.",
    ...gauge((figures) => figures.captures.running),
  },
  {
    name: "pcapper_captures_ended_total",
    help: "Captures that this agent wrote the last status of, by that status.",
    type: "counter",
    labels: ["progress", "reason"],
    samples: endedByReason,
  },
  {
    name: "pcapper_captured_packets_total",
    help: "Packets captured.",
    ...counter((figures) => figures.captures.packets),
  },
  {
    name: "pcapper_captured_bytes_total",
    help: "Bytes of packet data captured, without headers of the file format.",
    ...counter((figures) => figures.captures.bytes),
  },
  {
    name: "pcapper_dropped_packets_total",
    help: "Packets that are in no file: the ring was full (kernel), lost in the interface or its driver (interface), could not be written (write).",
    type: "counter",
    labels: ["cause"],
    samples: ({ captures }) => [
      [{ cause: "kernel" }, captures.droppedByKernel],
      [{ cause: "interface" }, captures.droppedByInterface],
      [{ cause: "write" }, captures.droppedOnWrite],
    ],
  },
  {
    name: "pcapper_disk_used_bytes",
    help: "Bytes on disk below the output folder, as du counts.",
    ...diskGauge((disk) => disk.used),
  },
  {
    name: "pcapper_disk_free_bytes",
    help: "Bytes that the file system leaves to ordinary users, as df shows.",
    ...diskGauge((disk) => disk.free),
  },
  {
    name: "pcapper_disk_limit_bytes",
    help: "MAX_TOTAL_FILESIZE.",
    ...diskGauge((disk) => disk.limit),
  },
  {
    name: "pcapper_ring_memory_bytes",
    help: "Kernel memory of the rings of all running captures.",
    ...gauge((figures) => figures.ringMemory.used),
  },
  {
    name: "pcapper_ring_memory_limit_bytes",
    help: "CAPTURE_MEMORY.",
    ...gauge((figures) => figures.ringMemory.limit),
  },
  {
    name: "pcapper_api_errors_total",
    help: "Requests that the API server refused or failed, by class of status; a conflict (409) is part of claiming.",
    type: "counter",
    labels: ["class"],
    samples: ({ apiErrors }) => API_ERROR_CLASSES.map((name) => [{ class: name }, apiErrors[name]] as const),
  },
  {
    name: "pcapper_watch_restarts_total",
    help: "Watches of the API server that were begun again after an error.",
    ...counter((figures) => figures.watchRestarts),
  },
  {
    name: "pcapper_build_info",
    help: "Always 1; the labels say what runs.",
    type: "gauge",
    labels: ["version", "node_version"],
    samples: () => [[{ version: VERSION, node_version: process.version }, 1]],
  },
];

function counter(value: (figures: AgentFigures) => number): Pick<Family, "type" | "labels" | "samples"> {
  return { type: "counter", labels: [], samples: (figures) => [[{}, value(figures)]] };
}

function gauge(value: (figures: AgentFigures) => number): Pick<Family, "type" | "labels" | "samples"> {
  return { type: "gauge", labels: [], samples: (figures) => [[{}, value(figures)]] };
}

/** No sample where the disk could not be looked at: a 0 would be a lie. */
function diskGauge(value: (disk: DiskFigures) => number): Pick<Family, "type" | "labels" | "samples"> {
  return {
    type: "gauge",
    labels: [],
    samples: ({ disk }) => (disk === undefined ? [] : [[{}, value(disk)]]),
  };
}

/** Every reason from the start, so that the first failure is a rise from 0. A word of no catalogue is `Other`. */
function endedByReason({ captures }: AgentFigures): Iterable<readonly [Labels, number]> {
  const counts = new Map<string, number>(Object.keys(REASONS).map((reason) => [reason, 0]));
  for (const [word, count] of captures.ended) {
    const reason = Object.hasOwn(REASONS, word) ? word : "Other";
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return [...counts].map(([reason, count]) => [{ progress: finalProgress(reason), reason }, count] as const);
}
