import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ConnectionLost, createSink, type ExportTransport } from "../../src/gather/export-transport.ts";
import { dyingWithTest } from "./execute.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

/** What goes wrong on the way of one run's bytes. */
export interface Fault {
  /** The connection breaks after so many bytes. */
  cutAfter?: number;
  /** What arrives instead of a piece; its place in the whole stream is given. */
  change?(chunk: Buffer, at: number): Buffer;
  /** The run ends well, but its last bytes never come. */
  loseTail?: number;
}

export interface ProcessTransport extends ExportTransport {
  /** The arguments of each run so far. */
  runs: string[][];
}

/** Runs the real `pcapper export` as a child; `faultOf` says what happens to the connection of each run. */
export function processTransport(
  hostmount: string,
  faultOf: (run: number, args: readonly string[]) => Fault = () => ({}),
): ProcessTransport {
  const runs: string[][] = [];
  return {
    runs,
    exec: async (args, onStdout, signal) => {
      runs.push([...args]);
      const { cutAfter = Number.POSITIVE_INFINITY, change, loseTail = 0 } = faultOf(runs.length, args);
      const [kind = "", ...rest] = args;
      const command = [LAUNCHER, "export", kind, "--hostmount", hostmount, ...rest];
      const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "pipe", "pipe"], signal });
      const ended = once(child, "close");
      const sink = createSink(onStdout);
      const failed = once(sink, "close");
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      let at = 0;
      const expected = args[0] === "read" ? Number(args[6]) - Number(args[4]) : Number.POSITIVE_INFINITY;
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        const left = Math.min(cutAfter, expected - loseTail) - at;
        const arrived = (change?.(chunk, at) ?? chunk).subarray(0, Math.max(0, left));
        if (arrived.length > 0 && !sink.write(arrived)) await Promise.race([once(sink, "drain"), failed]);
        at += arrived.length;
        if (at >= cutAfter) break;
      }
      sink.end();
      await failed;
      if (at >= cutAfter) {
        child.kill("SIGKILL");
        throw new ConnectionLost("cut by the test");
      }
      const [exitCode] = await ended;
      return { exitCode, stderr };
    },
  };
}
