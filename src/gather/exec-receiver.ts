import { once } from "node:events";
import type WebSocket from "ws";
import { refusalOf } from "./exec-refusal.ts";
import { endOfStatus } from "./exec-status.ts";
import { ConnectionLost, createSink, type ExportEnd, type TakeBytes } from "./export-transport.ts";

export interface ExecReceiver {
  end: Promise<ExportEnd>;
  /** Breaks off. */
  fail(reason: unknown): void;
}

/** The first byte of each message. */
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

/** Characters kept; more is no sentence. */
const LONGEST_STDERR = 64 * 1024;

/**
 * Takes apart what comes over an exec connection. The socket is not read while `onStdout` is behind: neither the
 * library nor the API server would slow the sender down by itself. The end of the connection without the status
 * of the command is a loss, whatever came before.
 * @param silence milliseconds without content or a checksum that goes on, while we are ready for more, after which the
 * other end is lost: that it says something else is no progress
 */
export function createExecReceiver(socket: WebSocket, onStdout: TakeBytes, silence: number): ExecReceiver {
  const { promise: end, resolve, reject } = Promise.withResolvers<ExportEnd>();
  const sink = createSink(onStdout);
  let stderr = "";
  let hashed = 0;
  let settled = false;

  /** What has come is written before anybody hears of the end: the next try goes on behind it. */
  const settle = (tell: () => void): void => {
    if (settled) return;
    settled = true;
    clearTimeout(alarm);
    sink.end();
    once(sink, "close").then(tell, reject);
  };
  const fail = (reason: unknown): void => {
    settle(() => reject(reason));
    socket.terminate();
  };
  const lost = (why: string): void => fail(new ConnectionLost(why));
  const alarm = setTimeout(() => {
    if (socket.isPaused) alarm.refresh();
    else lost(`no byte came for ${silence / 1000} s`);
  }, silence);

  sink.on("drain", () => {
    alarm.refresh();
    socket.resume();
  });
  sink.on("error", fail);
  socket.on("message", (data: Buffer) => {
    if (settled) return;
    const payload = data.subarray(1);
    if (data[0] === STDOUT && payload.length > 0) alarm.refresh();
    if (data[0] === STDOUT && payload.length > 0 && !sink.write(payload)) socket.pause();
    if (data[0] === STDERR) {
      stderr = (stderr + payload.toString("utf8")).slice(-LONGEST_STDERR);
      const now = hashedBytes(stderr);
      if (now > hashed) alarm.refresh();
      hashed = Math.max(hashed, now);
    }
    if (data[0] === STATUS) {
      const status = endOfStatus(payload.toString("utf8"));
      if ("lost" in status) lost(status.lost);
      else settle(() => resolve({ ...status, stderr }));
    }
  });
  socket.on("unexpected-response", (_request, answer) => {
    refusalOf(answer).then(fail, (error: Error) => lost(error.message));
  });
  socket.on("error", (error) => lost(error.message));
  socket.on("close", (code) => lost(`the connection was closed before the end (${code})`));
  return { end, fail };
}

/** A node that computes a checksum before it sends says from time to time how far it is: the last it said. */
function hashedBytes(stderr: string): number {
  const line = stderr.slice(stderr.lastIndexOf('{"hashed":'));
  return Number(/^\{"hashed":(\d{1,16})\}\n/.exec(line)?.[1] ?? 0);
}
