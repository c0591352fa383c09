import { loadNative } from "./capture/native.ts";
import { argumentError, single } from "./commands/arguments.ts";
import { addGatherCommands } from "./commands/gather-commands.ts";
import { errorLines, INTERNAL, PcapperError } from "./errors.ts";
import { printable } from "./printable.ts";
import { parseLogLevel } from "./settings.ts";
import { VERSION } from "./version.ts";

/** Reads the command line, does one command, and ends the process with its exit code. */
async function main(): Promise<void> {
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  // Set by bin/pcapper: Node itself does not keep what its parent ignored, as under nohup.
  if (process.env.PCAPPER_HANGUP === "ignored") process.on("SIGHUP", () => undefined);
  // A reader that goes away must not end a capture.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") lostOutput ??= error;
  });
  const { Command } = await import("commander");
  const manifest = single("--file", "a path, or - for standard input");
  const folder = single("--output", "the path of a folder");
  const program = new Command("pcapper");
  program
    .description("Packet capture as a Kubernetes resource, and on one machine.")
    .option("-V, --version", "output the versions of pcapper and libpcap")
    .on("option:version", () => {
      process.stdout.write(`${VERSION}\n`);
      process.stdout.write(`${loadNative().libpcapVersion()}\n`);
      process.exit(0);
    })
    // Said by `fail`, in the form that all errors have.
    .configureOutput({ outputError: () => undefined })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      if (error.code === "commander.help") process.exit(2);
      throw argumentError(error.message);
    });
  program
    .command("run")
    .description("Run the PacketCaptures of a manifest on this machine, and print them with their status.")
    .requiredOption("-f, --file <FILE>", "manifest with one or several PacketCaptures", manifest)
    .option("-o, --output <DIR>", "folder for the files", folder, "./captures")
    .action(async (options) => end(await (await import("./commands/run.ts")).run(options)));
  program
    .command("validate")
    .description("Check a manifest, filters included, and change nothing.")
    .requiredOption("-f, --file <FILE>", "manifest with one or several PacketCaptures", manifest)
    .action(async (options) => {
      end(await (await import("./commands/validate.ts")).validate(options, loadNative()));
    });
  program
    .command("recover")
    .description(
      "Make whole what a crash left: cut files to their last whole packet, and end their captures.",
    )
    .option("-o, --output <DIR>", "folder of the files", folder, "./captures")
    .action(async (options) => end(await (await import("./commands/recover.ts")).recover(options)));
  program
    .command("agent")
    .description(
      "Work for one node of a cluster: what the DaemonSet runs. Settings come from the environment.",
    )
    .option("--hostmount <DIR>", "where captures are written", "/hostmount")
    .option("--host-path <DIR>", "the same folder as people on the node know it", "/var/pcapper")
    .option("--netns-folder <DIR>", "where the node's network namespaces are mounted", "/run/netns")
    .option("--cni-cache-folder <DIR>", "where libcni keeps its results", "/var/lib/cni/results")
    .action(async (options) => end(await (await import("./commands/agent.ts")).agent(options)));
  addGatherCommands(program, end);
  await program.parseAsync();
}

/** What kept a result from standard output (a full disk). A reader that went away is no error. */
let lostOutput: Error | undefined;

function end(exitCode: number): void {
  // In a turn of its own: the stream tells of an error after the write that met it.
  setImmediate(() => {
    if (exitCode !== 0 || lostOutput === undefined) process.exit(exitCode);
    const message = `standard output cannot be written: ${lostOutput.message}`;
    fail(new PcapperError("PCAPPER_STDOUT_LOST", message, { cause: lostOutput }));
  });
}

/** One line a problem; where it came from is for LOG_LEVEL=debug. */
function fail(error: unknown): void {
  const known = error instanceof PcapperError ? error : internalError(error);
  const debug = parseLogLevel(process.env.LOG_LEVEL ?? "") === "debug";
  const trace = debug && error instanceof Error ? `${stackLines(error)}\n` : "";
  process.stderr.write(errorLines(known) + trace, () => process.exit(known.exitCode));
}

function stackLines({ stack = "" }: Error): string {
  return stack.split("\n").map(printable).join("\n");
}

function internalError(error: unknown): PcapperError {
  const message = error instanceof Error ? error.message : String(error);
  return new PcapperError(INTERNAL, message, { cause: error });
}

main().catch(fail);
