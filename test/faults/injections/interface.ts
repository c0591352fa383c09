import type { Inject } from "./inject.ts";

/** The node's interface that is captured on. */
const CAPTURED = "up0";
const RENAMED = "was0";
/** So many packets in so many ms. */
const BURST = { milliseconds: 500, rate: 60_000, length: 300 };

export const interfaceDown: Inject = async ({ site }) => {
  const { network } = site.cniNode;
  const set = (name: string, state: string) =>
    // Another fault may have renamed or deleted it.
    network.run("ip", "link", "set", name, state).catch(() => "");
  await set(CAPTURED, "down");
  return async () => {
    await set(CAPTURED, "up");
    await set(RENAMED, "up");
  };
};

export const interfaceRenamed: Inject = async ({ site }) => {
  const { network } = site.cniNode;
  const rename = async (from: string, to: string): Promise<void> => {
    try {
      await network.run("ip", "link", "set", from, "down");
      await network.run("ip", "link", "set", from, "name", to);
      await network.run("ip", "link", "set", to, "up");
    } catch {
      // Another fault has deleted it.
    }
  };
  await rename(CAPTURED, RENAMED);
  return () => rename(RENAMED, CAPTURED);
};

export const interfaceDeleted: Inject = async ({ site }) => {
  const { network } = site.cniNode;
  for (const name of [CAPTURED, RENAMED]) await network.run("ip", "link", "delete", name).catch(() => "");
  return () => undefined;
};

export const burst: Inject = async ({ site, streamOf }, fault) => {
  await site.senders.get(streamOf(fault))?.send(BURST);
  return () => undefined;
};
