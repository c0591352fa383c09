import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";
import { type Access, makeApiClient } from "../kubernetes/api-client.ts";
import type { Binaries } from "../kubernetes/binaries/binaries.ts";
import type { NodeBinaries } from "../kubernetes/binaries/node-binaries.ts";
import { kubeconfigText } from "../kubernetes/kubeconfig.ts";
import { serviceAccountKeys } from "../kubernetes/service-account-keys.ts";
import { API_PORT, CONTROL_PLANE, NODES, SERVICES } from "./addresses.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { inNetwork } from "./holder.ts";
import type { ClusterPlace } from "./place.ts";
import { openWayIn } from "./way-in.ts";

export type Programs = Binaries & NodeBinaries;

/** As a daemon of the cluster. */
export const API_SERVER = "kube-apiserver";

const ETCD = "http://127.0.0.1:2379";

/** Access of the administrator from this machine, and of each node from its own network. */
export interface ControlPlane {
  admin: Access;
  ofNode(name: string): Access;
}

/** Starts etcd, the API server, the controllers and the scheduler; resolves when the API server is ready. */
export async function startControlPlane(
  place: ClusterPlace,
  holder: number,
  programs: Programs,
): Promise<ControlPlane> {
  const tokens = writeTokens(place);
  const start = (name: string, command: string[]): Daemon =>
    startDaemon(place, name, inNetwork(holder, command));
  const etcd = start("etcd", [programs.etcd, ...flags(etcdFlags(place))]);
  const apiServer = startApiServer(place, holder, programs);
  const port = await openWayIn(place, holder);
  const access = await waitUntil(
    "the API server is ready",
    () => {
      etcd.mustBeAlive();
      apiServer.mustBeAlive();
      return accessOnceReady(place, `https://localhost:${port}`, tokens.admin);
    },
    120,
  );
  // Controllers and scheduler do all their work as administrator: it is a cluster for tests.
  const inside = join(place.folder, "control-plane.kubeconfig");
  const address = `https://${CONTROL_PLANE}`;
  writeFileSync(inside, kubeconfigText({ ...access, address }), { mode: 0o600 });
  start("kube-controller-manager", [programs.controllerManager, ...flags(controllerFlags(place, inside))]);
  start("kube-scheduler", [programs.scheduler, ...flags(schedulerFlags(inside))]);
  return { admin: access, ofNode: (name) => ({ ...access, address, token: tokens.nodes.get(name) ?? "" }) };
}

/** Also again, after it has ended: the same address, keys and data. */
export function startApiServer(place: ClusterPlace, holder: number, programs: Programs): Daemon {
  const command = [programs.kubeApiserver, ...flags(apiServerFlags(place))];
  return startDaemon(place, API_SERVER, inNetwork(holder, command));
}

function certificateOf({ folder }: ClusterPlace): string {
  return join(folder, "apiserver.crt");
}

function tokenFile({ folder }: ClusterPlace): string {
  return join(folder, "tokens.csv");
}

function writeTokens(place: ClusterPlace): { admin: string; nodes: Map<string, string> } {
  const admin = randomUUID();
  const nodes = new Map(NODES.map(({ name }) => [name, randomUUID()]));
  const lines = [...nodes].map(([name, token]) => `${token},system:node:${name},${name},system:nodes`);
  const text = [`${admin},admin,admin,system:masters`, ...lines].join("\n");
  writeFileSync(tokenFile(place), `${text}\n`, { mode: 0o600 });
  return { admin, nodes };
}

function flags(values: Record<string, string | number | boolean>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

function etcdFlags({ folder }: ClusterPlace): Record<string, string | boolean> {
  return {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": ETCD,
    "advertise-client-urls": ETCD,
    // Data of a test need not survive a power cut.
    "unsafe-no-fsync": true,
  };
}

function apiServerFlags(place: ClusterPlace): Record<string, string | number | boolean> {
  const keys = serviceAccountKeys(place.folder);
  return {
    "etcd-servers": ETCD,
    "bind-address": "0.0.0.0",
    "secure-port": API_PORT,
    "advertise-address": CONTROL_PLANE,
    // It makes its own certificate there, for these addresses and for localhost.
    "cert-dir": place.folder,
    "token-auth-file": tokenFile(place),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "service-cluster-ip-range": SERVICES,
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": keys.signing,
    "service-account-key-file": keys.checking,
    "kubelet-preferred-address-types": "InternalIP",
    "allow-privileged": true,
  };
}

function controllerFlags(place: ClusterPlace, kubeconfig: string): Record<string, string | boolean> {
  return {
    kubeconfig,
    "service-account-private-key-file": serviceAccountKeys(place.folder).signing,
    "root-ca-file": certificateOf(place),
    "leader-elect": false,
    "bind-address": "127.0.0.1",
    // It would make its usual one below /usr.
    "flex-volume-plugin-dir": join(place.folder, "volume-plugins"),
  };
}

function schedulerFlags(kubeconfig: string): Record<string, string | boolean> {
  return { kubeconfig, "leader-elect": false, "bind-address": "127.0.0.1" };
}

async function accessOnceReady(
  place: ClusterPlace,
  address: string,
  token: string,
): Promise<Access | undefined> {
  if (!existsSync(certificateOf(place))) return undefined;
  const access = { address, authority: readFileSync(certificateOf(place), "utf8"), token };
  const client = makeApiClient(access);
  const answer = await client.send("GET", "/readyz").catch(() => undefined);
  client.close();
  return answer?.status === 200 ? access : undefined;
}
