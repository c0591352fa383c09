import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { freePorts } from "../kubernetes/free-port.ts";
import { API_PORT } from "./addresses.ts";
import { startDaemon, stopDaemon } from "./daemon.ts";
import { inNetwork } from "./holder.ts";
import type { ClusterPlace } from "./place.ts";

const FORWARD = join(import.meta.dirname, "../kubernetes/forward.ts");
const WAY_IN = "way-in";

/** A port of this machine's loopback that leads to the API server: a socket crosses from network to network. */
export async function openWayIn(place: ClusterPlace, holder: number): Promise<number> {
  const [port = 0] = await freePorts(1);
  startDaemon(place, WAY_IN, forward(String(port), socketOf(place)));
  startDaemon(place, "way-out", inNetwork(holder, forward(socketOf(place), String(API_PORT))));
  return port;
}

/** Breaks every connection from this machine to the API server; new ones are taken at once. */
export async function breakConnections(place: ClusterPlace): Promise<void> {
  const { port } = new URL(serverOf(place));
  await stopDaemon(place, WAY_IN);
  startDaemon(place, WAY_IN, forward(port, socketOf(place)));
}

/** https://HOST:PORT, as the cluster's kubeconfig has it. */
function serverOf({ kubeconfig }: ClusterPlace): string {
  const { clusters } = parse(readFileSync(kubeconfig, "utf8")) as {
    clusters: [{ cluster: { server: string } }];
  };
  return clusters[0].cluster.server;
}

function forward(...ends: string[]): string[] {
  return [process.execPath, FORWARD, ...ends];
}

function socketOf({ folder }: ClusterPlace): string {
  return join(folder, "api.sock");
}
