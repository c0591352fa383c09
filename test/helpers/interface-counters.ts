import type { NetworkNamespace } from "./network-namespace.ts";

export interface InterfaceCounters {
  received: number;
  sent: number;
}

/** The interface's own count of packets: a judge that is neither pcapper nor a packet socket. */
export async function interfaceCounters(
  namespace: NetworkNamespace,
  name: string,
): Promise<InterfaceCounters> {
  const text = await namespace.run("ip", "-json", "-statistics", "link", "show", "dev", name);
  const [link] = JSON.parse(text) as { stats64: { rx: { packets: number }; tx: { packets: number } } }[];
  if (link === undefined) throw new Error(`no interface ${name}`);
  return { received: link.stats64.rx.packets, sent: link.stats64.tx.packets };
}
