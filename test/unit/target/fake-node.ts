import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NamespaceInterface, NativeError } from "../../../src/capture/native.ts";
import { resolveTarget } from "../../../src/target/resolve-target.ts";
import {
  type InterfaceSource,
  type ResolvedTarget,
  type Surroundings,
  TargetFailure,
  type TargetPod,
} from "../../../src/target/target.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";

export const NODE = "node-a";
export const UID = "4b1d5f5e-0000-4000-8000-000000000001";
export const OTHER_UID = "4b1d5f5e-0000-4000-8000-000000000002";

/** Interfaces as `name → addresses`; `lo` is a loopback, a name that ends in `-down` is down. */
export type Interfaces = Record<string, readonly string[]>;

function interfaces(list: Interfaces): NamespaceInterface[] {
  return Object.entries({ lo: ["127.0.0.1", "::1"], ...list }).map(([name, addresses], at) => ({
    name,
    index: at + 1,
    up: !name.endsWith("-down"),
    loopback: name === "lo",
    addresses: [...addresses],
  }));
}

/** A Running pod of this node with 10.0.0.5. */
export function pod(facts: {
  metadata?: Partial<TargetPod["metadata"]>;
  spec?: Partial<TargetPod["spec"]>;
  status?: Partial<TargetPod["status"]>;
}): TargetPod {
  return {
    metadata: { namespace: "shop", name: "web", uid: UID, ...facts.metadata },
    spec: { nodeName: NODE, ...facts.spec },
    status: { phase: "Running", hostIP: "192.0.2.10", podIP: "10.0.0.5", ...facts.status },
  };
}

/** A result as libcni writes it. */
export function cniResult(facts: {
  uid?: string;
  name?: string;
  netns?: string;
  sandbox?: string;
  ifName?: string;
}): string {
  const { uid, name = "web", netns, sandbox, ifName = "eth0" } = facts;
  return JSON.stringify({
    kind: "cniCacheV1",
    containerId: "c0ffee",
    config: "e30=",
    ifName,
    networkName: "pods",
    ...(netns === undefined ? {} : { netns }),
    cniArgs: [
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAMESPACE", "shop"],
      ["K8S_POD_NAME", name],
      ...(uid === undefined ? [] : [["K8S_POD_UID", uid]]),
    ],
    result: {
      cniVersion: "1.0.0",
      interfaces: [{ name: "veth1" }, { name: ifName, sandbox: sandbox ?? "" }],
    },
  });
}

/** A node made of plain files in place of namespaces, and an engine that answers from a table. */
export interface FakeNode {
  netnsFolder: string;
  cniCacheFolder: string;
  /** Puts a namespace there. */
  namespace(name: string, list: Interfaces): void;
  /** Another namespace under the same name. */
  replace(name: string): void;
  removeNamespace(name: string): void;
  /** The engine answers with this error instead. */
  closed(name: string, code: string, message: string): void;
  result(file: string, text: string): void;
  /** Runs before each look into a namespace. */
  onLook(action: (name: string) => void): void;
  looks: string[];
  resolve(facts: { pod?: TargetPod; interfaceName?: string; nodeIPs?: string[] }): Promise<ResolvedTarget>;
  resolveOnNode(interfaceName: string): Promise<ResolvedTarget>;
  remove(): void;
}

export function makeFakeNode(ofNode: Interfaces = { eth0: ["192.0.2.10"], cni0: ["10.0.0.1"] }): FakeNode {
  const folder = makeTemporaryFolder();
  const [netnsFolder, cniCacheFolder] = [join(folder.path, "netns"), join(folder.path, "results")];
  mkdirSync(netnsFolder);
  mkdirSync(cniCacheFolder);
  const answers = new Map<string, NamespaceInterface[] | Error>([["", interfaces(ofNode)]]);
  let before: (name: string) => void = () => undefined;
  const looks: string[] = [];
  const native: InterfaceSource = {
    interfaceIndex: (name) => interfaces(ofNode).find((known) => known.name === name)?.index ?? 0,
    interfacesIn: async (path) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      looks.push(name);
      before(name);
      const answer =
        answers.get(name) ?? nativeError("PodNetworkNotFound", `${name} is not a network namespace`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const surroundings: Surroundings = { node: NODE, nodeIPs: [], netnsFolder, cniCacheFolder };
  return {
    netnsFolder,
    cniCacheFolder,
    looks,
    namespace: (name, list) => {
      writeFileSync(join(netnsFolder, name), "");
      answers.set(name, interfaces(list));
    },
    replace: (name) => {
      // The new one exists before the old one goes, so that it cannot get the old one's number.
      writeFileSync(join(folder.path, "new"), "");
      renameSync(join(folder.path, "new"), join(netnsFolder, name));
    },
    removeNamespace: (name) => rmSync(join(netnsFolder, name)),
    closed: (name, code, message) => {
      writeFileSync(join(netnsFolder, name), "");
      answers.set(name, nativeError(code, message));
    },
    result: (file, text) => writeFileSync(join(cniCacheFolder, file), text),
    onLook: (action) => {
      before = action;
    },
    resolve: ({ pod: target, interfaceName, nodeIPs = [] }) =>
      resolveTarget(
        native,
        { kind: "pod", namespace: "shop", pod: "web", ...(interfaceName && { interfaceName }) },
        { ...surroundings, nodeIPs, ...(target && { pod: target }) },
      ),
    resolveOnNode: (interfaceName) =>
      resolveTarget(native, { kind: "node", node: NODE, interfaceName }, surroundings),
    remove: folder.remove,
  };
}

function nativeError(code: string, message: string): NativeError {
  return Object.assign(new Error(message), { code });
}

/** @throws Error where the promise does not end in a TargetFailure */
export async function failureOf(promise: Promise<unknown>): Promise<TargetFailure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TargetFailure) return error;
    throw error;
  }
  throw new Error("resolved, where a failure was expected");
}
