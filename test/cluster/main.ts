/** The test cluster by hand: npm run cluster -- up|down|status|env|load|node. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { execute } from "../helpers/execute.ts";
import { findPrograms, isUp, loadImages, startCluster, stopCluster } from "./cluster.ts";
import { holderPid, inNode } from "./holder.ts";
import { buildImages } from "./images/images.ts";
import { type ClusterPlace, clusterPlace } from "./place.ts";
import { environment, usage } from "./usage.ts";

const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`);

const program = new Command("cluster").description("A Kubernetes cluster of two nodes on this machine.");
program.enablePositionalOptions().option("--name <NAME>", "which one", "dev");
const place = (): ClusterPlace => clusterPlace(program.opts<{ name: string }>().name);

program
  .command("up")
  .description("bring it up, unless it is")
  .action(async () => {
    if (!isUp(place())) await startCluster(place(), say);
    process.stdout.write(await usage(place(), await findPrograms()));
  });
program
  .command("down")
  .description("end it and remove all there is of it, also after a crash")
  .option("--after-input", "wait for the end of standard input first")
  .action(async ({ afterInput }) => {
    if (afterInput === true) await endOfInput();
    await stopCluster(place());
  });
program
  .command("status")
  .description("nodes and pods")
  .action(async () => {
    mustBeUp();
    await kubectl("get", "nodes", "--output=wide");
    await kubectl("get", "pods", "--all-namespaces", "--output=wide");
  });
program
  .command("env")
  .description("lines for a shell: KUBECONFIG and PATH")
  .action(async () => void process.stdout.write(await environment(place(), await findPrograms())));
program
  .command("load")
  .description("build the images from the checkout and give them to the nodes")
  .action(async () => {
    mustBeUp();
    await loadImages(place(), await findPrograms(), await buildImages());
  });
program
  .command("node <NODE> <COMMAND...>")
  .description("run a command on a node")
  .passThroughOptions()
  .action(async (node: string, command: string[]) => {
    const [file = "", ...args] = inNode(holderPid(place(), node), command);
    const [code] = await once(spawn(file, args, { stdio: "inherit" }), "exit");
    process.exitCode = code;
  });

/** Says that it waits, so that others know that it will do its work. */
async function endOfInput(): Promise<void> {
  process.stdout.write("waiting\n");
  await text(process.stdin);
}

function mustBeUp(): void {
  if (!isUp(place())) throw new Error(`Cluster ${place().id} is not up: npm run cluster -- up`);
}

async function kubectl(...args: string[]): Promise<void> {
  const { kubectl: file } = await findPrograms();
  const { stdout, stderr } = await execute([file, `--kubeconfig=${place().kubeconfig}`, ...args]);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
}

program.parseAsync().catch((error: Error) => {
  say(error.message);
  process.exitCode = 1;
});
