import { join } from "node:path";

/** Where things are put below `--output`. */
export interface Layout {
  summary: string;
  captures: string;
  events: string;
  node(node: string): NodeLayout;
}

export interface NodeLayout {
  log: string;
  previousLog: string;
  /** The folder of a capture. */
  capture(name: string): string;
}

const CLUSTER = "cluster";
const SUMMARY = "summary.json";
const LOG = "agent.log";
const PREVIOUS_LOG = "agent-previous.log";

/** Names a node must not have here; must-gather writes `version` and `gather.log` beside our folders. */
const TAKEN_BY_US = /^(cluster|version|gather\.log|summary\.json(\.partial|\.earlier(-\d+)?)?)$/;
/** Names a capture must not have here. A log that is not whole has `.partial`, one of an earlier gather `.earlier`. */
const TAKEN_BY_LOGS = /^agent(-previous)?\.log(\.partial|\.earlier(-\d+)?)?$/;

export function layoutOf(output: string): Layout {
  return {
    summary: join(output, SUMMARY),
    captures: join(output, CLUSTER, "packetcaptures.yaml"),
    events: join(output, CLUSTER, "events.yaml"),
    node: (node) => {
      const folder = join(output, freeName(node, TAKEN_BY_US));
      return {
        log: join(folder, LOG),
        previousLog: join(folder, PREVIOUS_LOG),
        capture: (name) => join(folder, freeName(name, TAKEN_BY_LOGS)),
      };
    },
  };
}

/** `~` is in no name of Kubernetes. */
function freeName(name: string, taken: RegExp): string {
  return taken.test(name) ? `${name}~` : name;
}
