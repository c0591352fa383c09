import { createHash } from "node:crypto";
import type { KubernetesObject } from "./kubernetes-object.ts";

/** The object an Event is about. Without its uid `kubectl describe` would not show the Event. */
export interface EventSubject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion?: string;
}

export interface EventFacts {
  type: "Normal" | "Warning";
  /** One CamelCase word. */
  reason: string;
  message: string;
}

/** Limits of the API server's validation. */
const LONGEST_NOTE = 1024;
const LONGEST_INSTANCE = 128;
/** Of 253: room for a dot and the hash. */
const LONGEST_NAME_PART = 220;

const COMPONENT = "pcapper-agent";

/**
 * An Event (core/v1) in its subject's namespace. The same words about the same object make the same name, so
 * that saying them twice is refused as AlreadyExists. `now` in ms since 1970.
 */
export function eventObject(subject: EventSubject, facts: EventFacts, node: string, now: number) {
  const time = new Date(now).toISOString();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: eventName(subject, facts), namespace: subject.namespace },
    involvedObject: subject,
    type: facts.type,
    reason: facts.reason,
    message: shortened(facts.message, LONGEST_NOTE),
    source: { component: COMPONENT, host: node },
    // Whole seconds: the API server's Time has no more.
    firstTimestamp: `${time.slice(0, 19)}Z`,
    lastTimestamp: `${time.slice(0, 19)}Z`,
    count: 1,
    reportingComponent: COMPONENT,
    reportingInstance: node.slice(0, LONGEST_INSTANCE),
  } satisfies KubernetesObject & Record<string, unknown>;
}

function eventName(subject: EventSubject, { type, reason, message }: EventFacts): string {
  const words = JSON.stringify([subject.uid, type, reason, message]);
  const hash = createHash("sha256").update(words).digest("hex").slice(0, 16);
  return `${subject.name.slice(0, LONGEST_NAME_PART).replace(/[-.]+$/, "")}.${hash}`;
}

/** The limit counts bytes; a character is not cut in two. */
function shortened(text: string, longest: number): string {
  if (Buffer.byteLength(text) <= longest) return text;
  const cut = Buffer.from(text)
    .subarray(0, longest - 3)
    .toString("utf8");
  return `${cut.replace(/\uFFFD+$/, "")}…`;
}
