import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { namespaceId } from "./namespaces.ts";

export interface NamespaceWatch {
  stop(): void;
}

/** inotify tells at once; this is for what it cannot tell, and for events lost in a flood. */
const LOOK_EVERY_MS = 5000;

/**
 * Calls `onGone` once, with a sentence, when the namespace's name is gone or means another namespace. An
 * open socket keeps a dead pod's namespace alive without any error, so the capture must be ended by this.
 * Never holds the process; never calls back before it has returned.
 */
export function watchNamespace(path: string, id: string, onGone: (message: string) => void): NamespaceWatch {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearInterval(poll);
    watcher?.close();
  };
  const look = (): void => {
    if (stopped) return;
    const message = changeOf(path, id);
    if (message === undefined) return;
    stop();
    onGone(message);
  };
  const poll = setInterval(look, LOOK_EVERY_MS).unref();
  const watcher = watchFolder(dirname(path), look);
  // It may have gone before the watch was there.
  setImmediate(look);
  return { stop };
}

function changeOf(path: string, id: string): string | undefined {
  try {
    const now = namespaceId(path);
    if (now === id) return undefined;
    const change = now === undefined ? "is gone" : "was replaced by another of its name";
    return `the network namespace ${basename(path)} ${change}.`;
  } catch {
    // Not being able to look is no proof that it is gone; the next look may be.
    return undefined;
  }
}

function watchFolder(folder: string, look: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, look);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // Too many inotify instances, or the folder is gone: the poll is left.
    return undefined;
  }
}
