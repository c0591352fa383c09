import { readFileSync } from "node:fs";
import type { NetworkNamespace } from "./network-namespace.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Waits until a packet socket of this namespace takes in what passes the interface: a judge of "it captures" that
 * is not pcapper. Columns as packet_seq_show in net/packet/af_packet.c of the kernel writes them.
 */
export async function untilSocketTakesIn(namespace: NetworkNamespace, name: string): Promise<void> {
  const [link] = JSON.parse(await namespace.run("ip", "-json", "link", "show", "dev", name)) as {
    ifindex: number;
  }[];
  await waitUntil(`a packet socket takes in what passes ${name}`, () =>
    packetSockets(namespace).some(({ index, running }) => index === link?.ifindex && running),
  );
}

function packetSockets({ pid }: NetworkNamespace): { index: number; running: boolean }[] {
  const [, ...rows] = readFileSync(`/proc/${pid}/net/packet`, "utf8").trim().split("\n");
  return rows.map((row) => {
    const [, , , , index, running] = row.trim().split(/\s+/);
    return { index: Number(index), running: running === "1" };
  });
}
