/** Runs inside a network namespace of its own (scripts/demo.sh). */
import { rmSync } from "node:fs";
import { startCapture } from "./demo/capture.ts";
import { filesOf, firstPackets } from "./demo/files.ts";
import { startNeighbour } from "./demo/neighbour.ts";
import { heading, table } from "./demo/print.ts";
import { prove } from "./demo/proof.ts";

const OUTPUT = "captures-demo";

async function demo(): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });

  heading("A link to a neighbour, in network namespaces of their own");
  const neighbour = await startNeighbour();
  console.log("demo0 (192.0.2.1, here) ⇄ demo1 (192.0.2.2, the neighbour)");

  heading(`bin/pcapper run -f examples/demo.yaml --output ${OUTPUT}`);
  const capture = startCapture("examples/demo.yaml", OUTPUT);
  await capture.running;
  const sent = await neighbour.send();
  const resource = await capture.finished;
  neighbour.end();
  console.log(resource.trimEnd());

  heading("The files, as capinfos sees them");
  const files = filesOf(OUTPUT);
  table(files.map(({ name, packets, bytes, first, last }) => ({ name, packets, bytes, first, last })));

  heading("The first packets of the oldest file, as tcpdump -r sees them");
  console.log(firstPackets(files, 5));

  heading("Proof");
  prove(sent, files, OUTPUT);
}

await demo();
