import type { Logger } from "pino";
import type { LogLevel } from "./settings.ts";

/** Names that every line about a capture carries. */
export interface LogFields {
  namespace?: string;
  name?: string;
  uid?: string;
  reason?: string;
}

export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Lets the lines out; until then they wait, so that loading the logger delays no capture. */
  open(): Promise<void>;
}

type Line = { level: "info" | "warn" | "error"; fields: LogFields; message: string; time: number };

/** JSON lines on stderr, each with the time it was said. */
export function createLog(level: LogLevel): Log {
  const waiting: Line[] = [];
  let logger: Logger | undefined;
  const say = (line: Line): void => {
    if (logger === undefined) waiting.push(line);
    else logger[line.level]({ time: new Date(line.time).toISOString(), ...line.fields }, line.message);
  };
  const at = (severity: Line["level"]) => (fields: LogFields, message: string) =>
    say({ level: severity, fields, message, time: Date.now() });
  return {
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    open: async () => {
      if (logger !== undefined) return;
      logger = await createLogger(level);
      for (const line of waiting.splice(0)) say(line);
    },
  };
}

async function createLogger(level: LogLevel): Promise<Logger> {
  const { default: pino } = await import("pino");
  const stderr = pino.destination({ fd: 2, sync: true });
  // A reader of the log that goes away must not end a capture.
  stderr.on("error", () => undefined);
  return pino(
    { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    stderr,
  );
}
