import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { NamespaceInterface, NativeError } from "../capture/native.ts";
import { type InterfaceSource, TargetFailure } from "./target.ts";

/** A name in the folder where network namespaces are mounted. */
export interface MountedNamespace {
  name: string;
  path: string;
  id: string;
}

export interface SeenNamespace extends MountedNamespace {
  interfaces: NamespaceInterface[];
}

/** `DEV:INO` of what is mounted at `path`: no other namespace has it as long as this one lives. undefined = gone. */
export function namespaceId(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** @throws TargetFailure PodNetworkNotFound where the folder cannot be read */
export async function mountedNamespaces(folder: string): Promise<MountedNamespace[]> {
  try {
    const names = (await readdir(folder)).sort();
    return names.flatMap((name) => mountedNamespace(folder, name) ?? []);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new TargetFailure(
      "PodNetworkNotFound",
      `the folder of network namespaces ${folder} cannot be read: ${message}.`,
      { cause: error },
    );
  }
}

export function mountedNamespace(folder: string, name: string): MountedNamespace | undefined {
  const path = join(folder, name);
  const id = namespaceId(path);
  return id === undefined ? undefined : { name, path, id };
}

/**
 * Looks inside. @returns why that is not possible where this one cannot be entered: it may just have gone.
 * @throws TargetFailure PermissionDenied: no other can be entered either
 */
export async function lookInto(
  native: InterfaceSource,
  namespace: MountedNamespace,
): Promise<SeenNamespace | string> {
  try {
    return { ...namespace, interfaces: await native.interfacesIn(namespace.path) };
  } catch (error) {
    const { code, message } = error as NativeError;
    if (code === "PodNetworkNotFound") return message;
    throw error;
  }
}

/** One namespace may be mounted under several names. */
export function distinct(seen: readonly SeenNamespace[]): SeenNamespace[] {
  return seen.filter(({ id }, index) => seen.findIndex((other) => other.id === id) === index);
}
