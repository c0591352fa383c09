import type { ApiClient } from "../../test/kubernetes/api-client.ts";

/** One line of `apiserver_request_total`. */
export interface RequestCount {
  verb: string;
  /** With its subresource: packetcaptures/status */
  resource: string;
  code: string;
  count: number;
}

const NAME = "apiserver_request_total";

/** Requests answered by the API server since its start, watches when they end. Pure. */
export function requestCounts(metrics: string): RequestCount[] {
  return samplesOf(metrics, NAME).map(({ labels, value }) => {
    const { verb = "", resource = "", subresource = "", code = "" } = labels;
    return {
      verb,
      resource: subresource === "" ? resource : `${resource}/${subresource}`,
      code,
      count: value,
    };
  });
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Lines of one metric in Prometheus' text format. */
function samplesOf(metrics: string, name: string): Sample[] {
  return metrics
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => {
      const end = line.lastIndexOf("}");
      const pairs = line.slice(name.length + 1, end).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
      return {
        labels: Object.fromEntries([...pairs].map(([, label = "", text = ""]) => [label, text])),
        value: Number(line.slice(end + 1)),
      };
    });
}

type Selection = Partial<Record<"verb" | "resource" | "code", string | RegExp>>;

/** Sum of what all given labels match. */
export function sumOf(counts: readonly RequestCount[], selection: Selection): number {
  const wanted = Object.entries(selection) as ["verb" | "resource" | "code", string | RegExp][];
  const matches = (count: RequestCount): boolean =>
    wanted.every(([label, value]) =>
      typeof value === "string" ? count[label] === value : value.test(count[label]),
    );
  return counts.filter(matches).reduce((sum, { count }) => sum + count, 0);
}

export async function readMetrics(admin: ApiClient): Promise<string> {
  const { status, body } = await admin.send("GET", "/metrics");
  if (status !== 200 || typeof body !== "string") throw new Error(`/metrics answered ${status}`);
  return body;
}

/** Watches that are open now on captures. */
export function openWatches(metrics: string): number {
  return samplesOf(metrics, "apiserver_longrunning_requests")
    .filter(({ labels }) => labels.verb === "WATCH" && labels.resource === "packetcaptures")
    .reduce((sum, { value }) => sum + value, 0);
}

/** Events of captures that all watchers together were sent. */
export function sentEvents(metrics: string): number {
  return samplesOf(metrics, "apiserver_watch_events_total")
    .filter(({ labels }) => labels.kind === "PacketCapture" || labels.resource === "packetcaptures")
    .reduce((sum, { value }) => sum + value, 0);
}
