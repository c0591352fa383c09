import { PcapperError } from "./errors.ts";
import { parseQuantity } from "./quantity.ts";

/** What must stay free on the disk: bytes, or a share of the whole file system. */
export type FreeDiskLimit = { kind: "bytes"; bytes: number } | { kind: "share"; percent: number };

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The environment, understood. Sizes in bytes. */
export interface Settings {
  maxTotalFileSize: number;
  minFreeDisk: FreeDiskLimit;
  maxCaptures: number;
  /** The kernel's ring of one capture. */
  captureBuffer: number;
  /** The rings of all captures together. */
  captureMemory: number;
  /** Bytes a second; 0 = no limit. */
  maxWriteRate: number;
  logLevel: LogLevel;
}

/** What a workstation has where the environment says nothing. */
export const RUN_DEFAULTS = {
  MAX_TOTAL_FILESIZE: "10G",
  MIN_FREE_DISK: "10%",
  MAX_CAPTURES: "16",
  CAPTURE_BUFFER: "64Mi",
  CAPTURE_MEMORY: "256Mi",
  MAX_WRITE_RATE: "none",
  LOG_LEVEL: "info",
} as const;

type Variable = keyof typeof RUN_DEFAULTS;
export type Environment = Readonly<Record<string, string | undefined>>;

/** libpcap takes the ring's size as a C int. */
const SMALLEST_RING = 1024 * 1024;
const LARGEST_RING = 2 ** 31 - 1;

/** Reads one variable; `expected` completes the sentence "write …" where `parse` knows no value for its text. */
export type ReadVariable<V extends string> = <T>(
  variable: V,
  expected: string,
  parse: (text: string) => T | undefined,
) => T;

/** An empty variable is as good as none; an empty default means that the variable is required. */
export function variableReader<V extends string>(
  environment: Environment,
  defaults: Readonly<Record<V, string>>,
): ReadVariable<V> {
  return (variable, expected, parse) => {
    const text = environment[variable]?.trim() || defaults[variable];
    const value = parse(text);
    if (value !== undefined) return value;
    const found = text === "" ? "missing" : `"${text}"`;
    throw new PcapperError("PCAPPER_BAD_ENVIRONMENT", `${variable} is ${found}: write ${expected}`);
  };
}

/** @throws PcapperError PCAPPER_BAD_ENVIRONMENT naming the variable, its value and what is expected */
export function readSettings(
  environment: Environment,
  defaults: Readonly<Record<Variable, string>>,
): Settings {
  const read = variableReader(environment, defaults);
  return {
    maxTotalFileSize: read("MAX_TOTAL_FILESIZE", "a size above 0, for example 10G or 10Gi", positiveSize),
    minFreeDisk: read("MIN_FREE_DISK", "a size or a percentage below 100, for example 20G or 10%", freeDisk),
    maxCaptures: read("MAX_CAPTURES", "a whole number from 1 to 1000", captureCount),
    captureBuffer: read("CAPTURE_BUFFER", "a size from 1Mi to 2047Mi, for example 64Mi", ringSize),
    captureMemory: read("CAPTURE_MEMORY", "a size above 0, for example 256Mi", positiveSize),
    maxWriteRate: read("MAX_WRITE_RATE", 'bytes a second, for example 100M, or "none"', writeRate),
    logLevel: read("LOG_LEVEL", `one of ${LOG_LEVELS.join(", ")}`, parseLogLevel),
  };
}

function positiveSize(text: string): number | undefined {
  const bytes = parseQuantity(text);
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

function freeDisk(text: string): FreeDiskLimit | undefined {
  const share = /^(\d{1,2}(?:\.\d{1,3})?)\s?%$/.exec(text);
  if (share !== null) return { kind: "share", percent: Number(share[1]) };
  const bytes = parseQuantity(text);
  return bytes === undefined ? undefined : { kind: "bytes", bytes };
}

function captureCount(text: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(text) && Number(text) <= 1000 ? Number(text) : undefined;
}

function ringSize(text: string): number | undefined {
  const bytes = parseQuantity(text);
  return bytes !== undefined && bytes >= SMALLEST_RING && bytes <= LARGEST_RING ? bytes : undefined;
}

function writeRate(text: string): number | undefined {
  return text === "none" ? 0 : positiveSize(text);
}

/** @returns undefined where the text, in any case, is none of LOG_LEVELS. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === text.trim().toLowerCase());
}
