/** What the bench of the agent cannot build later: it runs in a network of its own, without a way out. */
import { findBinaries } from "../../test/kubernetes/binaries/binaries.ts";
import { senderProgram } from "../../test/traffic/compile.ts";

await findBinaries();
await senderProgram("frames");
