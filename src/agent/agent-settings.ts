import { isIPv4, isIPv6 } from "node:net";
import { isLabel, isSubdomain } from "../api/metadata-problems.ts";
import { parseDuration } from "../duration.ts";
import { type Environment, RUN_DEFAULTS, readSettings, type Settings, variableReader } from "../settings.ts";

/** Where the agent listens. */
export interface HttpAddress {
  /** IPv6 without brackets. */
  host: string;
  /** 0 = any that is free. */
  port: number;
}

/** The environment of an agent, understood. */
export interface AgentSettings extends Settings {
  /** This node, as Kubernetes names it. */
  node: string;
  /** Seconds that files are kept. */
  deleteOlderThan: number;
  /** Seconds that a capture may go without an agent, or its pod without a network. */
  targetWait: number;
  /** The namespace whose captures are worked on. */
  watchNamespace: string;
  httpAddress: HttpAddress;
}

/** What a DaemonSet has where the environment says nothing. */
const AGENT_DEFAULTS = {
  ...RUN_DEFAULTS,
  MIN_FREE_DISK: "20G",
  NODE_NAME: "",
  DELETE_OLDER_THAN: "2d",
  TARGET_WAIT: "60s",
  WATCH_NAMESPACE: "pcapper",
  HTTP_ADDRESS: "127.0.0.1:9476",
} as const;

const DAY = 86_400;

/** @throws PcapperError PCAPPER_BAD_ENVIRONMENT naming the variable, its value and what is expected */
export function readAgentSettings(environment: Environment): AgentSettings {
  const read = variableReader(environment, AGENT_DEFAULTS);
  return {
    ...readSettings(environment, AGENT_DEFAULTS),
    node: read(
      "NODE_NAME",
      "the node's name as Kubernetes has it, for example from fieldRef spec.nodeName",
      (text) => (isSubdomain(text) ? text : undefined),
    ),
    deleteOlderThan: read("DELETE_OLDER_THAN", "1s to 36500d, for example 2d or 12h", upTo(36_500 * DAY)),
    // A timer of more than 24 days would go off at once.
    targetWait: read("TARGET_WAIT", "1s to 1d, for example 60s", upTo(DAY)),
    watchNamespace: read("WATCH_NAMESPACE", "the name of a namespace, for example pcapper", (text) =>
      isLabel(text) ? text : undefined,
    ),
    httpAddress: read("HTTP_ADDRESS", "HOST:PORT, for example 127.0.0.1:9476 or [::1]:9476", httpAddress),
  };
}

function upTo(longest: number): (text: string) => number | undefined {
  return (text) => {
    const seconds = parseDuration(text);
    return seconds !== undefined && seconds >= 1 && seconds <= longest ? seconds : undefined;
  };
}

const ALL_DIGITS_AND_DOTS = /^[\d.]+$/;

function httpAddress(text: string): HttpAddress | undefined {
  const match = /^(?:\[(?<inBrackets>[^\]]+)\]|(?<plain>[^:]+)):(?<port>\d{1,5})$/.exec(text);
  const { inBrackets, plain = "", port } = match?.groups ?? {};
  if (match === null || Number(port) > 65_535) return undefined;
  if (inBrackets !== undefined) {
    return isIPv6(inBrackets) ? { host: inBrackets, port: Number(port) } : undefined;
  }
  const isHost = ALL_DIGITS_AND_DOTS.test(plain) ? isIPv4(plain) : isSubdomain(plain);
  return isHost ? { host: plain, port: Number(port) } : undefined;
}
