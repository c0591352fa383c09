import WebSocket from "ws";
import type { Configuration } from "../kubernetes/configuration.ts";
import { createExecReceiver } from "./exec-receiver.ts";
import type { ExportEnd, TakeBytes } from "./export-transport.ts";

/** The container that is there for this: no capability, no token, the hostmount read-only. */
const CONTAINER = "files";

/** Version 5 since Kubernetes 1.30; both frame the streams alike. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Milliseconds. */
export interface ExecLimits {
  handshake: number;
  /** Without progress from the node while we are ready for it. A long checksum says how far it is. */
  silence: number;
  /** Proxies close connections on which nothing moves. */
  ping: number;
}

const EXEC_LIMITS: ExecLimits = { handshake: 20_000, silence: 60_000, ping: 15_000 };

export interface PodName {
  namespace: string;
  name: string;
}

/** Runs `pcapper export ARGS` in a pod. See ExportTransport for what it throws. */
export async function execInPod(
  configuration: Configuration,
  pod: PodName,
  args: readonly string[],
  onStdout: TakeBytes,
  signal: AbortSignal,
  limits: ExecLimits = EXEC_LIMITS,
): Promise<ExportEnd> {
  signal.throwIfAborted();
  const socket = await open(configuration, pod, args, limits);
  const receiver = createExecReceiver(socket, onStdout, limits.silence);
  const stop = (): void => receiver.fail(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const pings = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, limits.ping);
  try {
    return await receiver.end;
  } finally {
    clearInterval(pings);
    signal.removeEventListener("abort", stop);
    socket.close();
  }
}

async function open(
  { server, credentials }: Configuration,
  pod: PodName,
  args: readonly string[],
  { handshake }: ExecLimits,
): Promise<WebSocket> {
  const query = new URLSearchParams({ container: CONTAINER, stdout: "true", stderr: "true" });
  for (const word of ["pcapper", "export", ...args]) query.append("command", word);
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/exec?${query}`;
  return new WebSocket(`${server.replace(/^http/, "ws")}${path}`, PROTOCOLS, {
    ...(await credentials()),
    perMessageDeflate: false,
    handshakeTimeout: handshake,
  });
}
