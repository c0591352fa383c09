import { NODE_STREAM } from "../scenario.ts";
import type { CaptureSeen, Interval, Observation } from "./observation.ts";

/**
 * When the captured interface went down or came up. What passes it in just that moment is seen by no packet socket, nor
 * counted by anything: an interface that comes up takes packets in before the kernel hooks its sockets on again
 * (packet_notifier in net/packet/af_packet.c), and one that goes down has peers that do not know it yet.
 */
export function interfaceTurns(
  { stream }: Pick<CaptureSeen, "stream">,
  { injections }: Pick<Observation, "injections">,
): Interval[] {
  if (stream !== NODE_STREAM) return [];
  return injections
    .filter(({ kind }) => kind === "interface-down" || kind === "interface-renamed")
    .flatMap(({ from, doneAt = from, to, undoneFrom = to }) => [
      { from, to: doneAt },
      { from: undoneFrom, to },
    ]);
}
