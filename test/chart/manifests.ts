import { parseAllDocuments } from "yaml";
import { renderChart, type Values } from "../kubernetes/helm.ts";

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

export interface Container {
  name: string;
  image: string;
  env: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number }[];
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  securityContext: { capabilities: { drop: string[]; add?: string[] } };
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface Probe {
  httpGet: { host: string; port: number; path: string };
}

interface DaemonSet extends Manifest {
  spec: { template: { spec: { containers: Container[]; priorityClassName?: string } } };
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return (document.toJS() as Manifest | null) ?? [];
  });
}

/** Kinds and names of what the chart makes, sorted: `DaemonSet pcapper`. */
export async function renderedNames(values: Values = {}): Promise<string[]> {
  const manifests = parseManifests(await renderChart(values));
  return manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
}

/** One of the two containers of the DaemonSet's pods. */
export async function renderedContainer(name: "agent" | "files", values: Values = {}): Promise<Container> {
  const [daemonSet] = parseManifests(await renderChart(values, ["agent/daemon-set.yaml"])) as DaemonSet[];
  const found = daemonSet?.spec.template.spec.containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`the DaemonSet has no container ${name}`);
  return found;
}
