/** The neighbour's side: orders come over the IPC channel, each is answered when it is done. */
import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";

/** Packets that went out, by whether the filter of examples/demo.yaml matches them. */
export interface Sent {
  matching: number;
  udpOther: number;
  pings: number;
}

/** The port that the filter of examples/demo.yaml names. */
const PORT = 9999;
const ADDRESS = "192.0.2.1";
/** With 1,242 bytes each on the link, some eight files of 256 KiB. */
const PACKETS = 1500;
const PAYLOAD = Buffer.alloc(1200, "pcapper demo ");

function sendTo(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(PAYLOAD, port, ADDRESS, (error) => (error ? reject(error) : resolve()));
  });
}

async function send(): Promise<Sent> {
  const pings = 3;
  execFileSync("ping", ["-q", "-c", String(pings), "-i", "0.2", ADDRESS], { stdio: "ignore" });
  const socket = createSocket("udp4");
  const sent: Sent = { matching: 0, udpOther: 0, pings };
  while (sent.matching < PACKETS) {
    await sendTo(socket, PORT);
    sent.matching += 1;
    if (sent.matching % 3 === 0) {
      await sendTo(socket, PORT + 1);
      sent.udpOther += 1;
    }
    if (sent.matching % 6 === 0) await pause(10);
  }
  socket.close();
  return sent;
}

function bringUp(): void {
  for (const args of ["addr add 192.0.2.2/24 dev demo1", "link set lo up", "link set demo1 up"]) {
    execFileSync("ip", args.split(" "));
  }
}

process.on("message", async (order) => {
  if (order === "link") bringUp();
  process.send?.(order === "send" ? await send() : "done");
});
process.send?.("ready");
