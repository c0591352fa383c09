import type { NetworkNamespace } from "./network-namespace.ts";

export interface InterfaceCounters {
  received: number;
  sent: number;
  /** What it was to send and could not hand over. */
  sendDropped: number;
}

/** The interface's own count of packets: a judge that is neither pcapper nor a packet socket. */
export async function interfaceCounters(
  namespace: NetworkNamespace,
  name: string,
): Promise<InterfaceCounters> {
  const text = await namespace.run("ip", "-json", "-statistics", "link", "show", "dev", name);
  const [link] = JSON.parse(text) as {
    stats64: { rx: { packets: number }; tx: { packets: number; dropped: number } };
  }[];
  if (link === undefined) throw new Error(`no interface ${name}`);
  const { rx, tx } = link.stats64;
  return { received: rx.packets, sent: tx.packets, sendDropped: tx.dropped };
}
