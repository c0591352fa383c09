import { Counter, Gauge, Registry } from "prom-client";
import { FAMILIES, type Family } from "./families.ts";
import type { AgentFigures } from "./figures.ts";

export interface Metrics {
  readonly contentType: string;
  /** All metrics in Prometheus' text format. Calls that overlap share one look at the figures. */
  text(): Promise<string>;
}

/**
 * A registry of its own, filled at each look: totals are kept by their source, not here. `figures` must not wait
 * for what may never answer (a hung disk): looks wait for it.
 */
export function createMetrics(figures: () => AgentFigures | Promise<AgentFigures>): Metrics {
  const registry = new Registry();
  const fill = FAMILIES.map((family) => register(registry, family));
  const look = async (): Promise<string> => {
    const latest = await figures();
    for (const set of fill) set(latest);
    return registry.metrics();
  };
  let looking: Promise<string> | undefined;
  return {
    contentType: registry.contentType,
    text: () => {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}

function register(registry: Registry, family: Family): (figures: AgentFigures) => void {
  const { name, help, labels } = family;
  const configuration = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = family.type === "counter" ? new Counter(configuration) : new Gauge(configuration);
  return (figures) => {
    metric.reset();
    // A reset leaves a 0 behind where there are no labels.
    if (labels.length === 0) metric.remove();
    for (const [labelled, value] of family.samples(figures)) metric.inc(labelled, value);
  };
}
