import { closeSync, existsSync, mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CaptureOptions,
  type CaptureReport,
  type Native,
  type NativeError,
  NO_PACKETS,
  type RecoveredFile,
} from "../../../src/capture/native.ts";

export interface FakeNative extends Native {
  /** Locks that are held, by path: by this fake, or put there as another process's. */
  held: Set<string>;
  room: { free: number; size: number; freeInodes: number };
  started: CaptureOptions[];
  /** What the next capture reports after each other; it ends with the last. */
  script: Partial<CaptureReport>[];
  recovered: Map<string, Partial<RecoveredFile>>;
}

export { NO_PACKETS };

export function report(facts: Partial<CaptureReport>): CaptureReport {
  return {
    state: "running",
    warnings: [],
    statistics: NO_PACKETS,
    currentFile: "",
    bytesOnDisk: 0,
    startTime: 1_000_000,
    resumedTime: 0,
    endTime: 0,
    ...facts,
  };
}

function nativeError(code: string, message: string): NativeError {
  return Object.assign(new Error(message), { code });
}

/** An engine that opens nothing: locks in memory, reports from a script. */
export function createFakeNative(): FakeNative {
  const held = new Set<string>();
  const fake: FakeNative = {
    held,
    room: { free: 1e12, size: 2e12, freeInodes: 1e6 },
    started: [],
    script: [],
    recovered: new Map(),
    libpcapVersion: () => "libpcap of a test",
    interfacesIn: async () => [],
    interfaceIndex: (name) => (name === "eth0" ? 2 : 0),
    compileFilter: async () => ({ instructions: 1 }),
    tryOpen: async ({ interfaceName }) => ({ name: interfaceName, index: 2, linkType: "EN10MB" }),
    startCapture: (options, onChange) => {
      fake.started.push(options);
      let ended = false;
      let latest = report({ state: "opening", startTime: 0 });
      const send = (facts: Partial<CaptureReport>): void => {
        if (ended) return;
        latest = report(facts);
        ended = latest.state === "ended";
        onChange(latest);
      };
      void (async () => {
        for (const facts of fake.script) {
          await new Promise((resolve) => setImmediate(resolve));
          send(facts);
        }
      })();
      return {
        stop: (reason, message) =>
          setImmediate(() => send({ state: "ended", end: { reason, message }, endTime: 2_000_000 })),
        suspend: () =>
          setImmediate(() => send({ state: "ended", end: { reason: "Suspended", message: "" } })),
        report: () => latest,
      };
    },
    recoverFile: async (path) => {
      const known = fake.recovered.get(path);
      if (known === undefined) throw nativeError("WriteError", "no such file in the test");
      return { packets: 1, bytes: 50, cutBytes: 0, firstTimestamp: "", lastTimestamp: "", ...known };
    },
    tryLock: (path) => {
      if (held.has(path)) return null;
      if (!existsSync(path)) closeSync(openSync(path, "a"));
      held.add(path);
      return { release: () => void held.delete(path) };
    },
    fileSystemRoom: (path) => {
      statSync(path);
      return fake.room;
    },
  };
  return fake;
}

/** Another process's capture, as its lock file tells of it. */
export function runningElsewhere(fake: FakeNative, output: string, prefix: string, content: string): void {
  const folder = join(output, "elsewhere");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `.${prefix}.lock`);
  writeFileSync(path, content);
  fake.held.add(path);
}
