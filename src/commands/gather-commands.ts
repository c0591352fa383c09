import type { Command } from "commander";
import { PcapperError } from "../errors.ts";
import { single } from "./arguments.ts";

/** A DNS subdomain, as the API server takes it. */
const CAPTURE_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

function captureName(text: string): string {
  if (CAPTURE_NAME.test(text)) return text;
  const message = `NAME is ${JSON.stringify(text)}: write the name of a PacketCapture`;
  throw new PcapperError("PCAPPER_BAD_ARGUMENT", message);
}

const since = () =>
  [
    "--since <DURATION>",
    "only files with packets of the last 2h, 90m or 1d12h",
    single("--since", "a duration, for example 2h, 90m or 1d12h"),
  ] as const;

const sinceTime = () =>
  [
    "--since-time <TIME>",
    "only files with packets after this time, RFC 3339",
    single("--since-time", "RFC 3339, for example 2026-11-24T08:00:00Z"),
  ] as const;

/** The commands that bring files from the nodes, and those they run there; each is loaded when it is used. */
export function addGatherCommands(program: Command, end: (exitCode: number) => void): void {
  const names = (value: string, before: string[] = []): string[] => [...before, captureName(value)];
  program
    .command("gather")
    .description("Fetch files, resources, Events and logs of captures from all nodes; again goes on.")
    .argument("[NAME...]", "names of PacketCaptures; all if left out", names)
    .option(
      "-n, --namespace <NAME>",
      "where pcapper is installed",
      single("--namespace", "a name"),
      "pcapper",
    )
    .option("-o, --output <DIR>", "folder for all of it", single("--output", "a path"), "./gathered")
    .option(...since())
    .option(...sinceTime())
    .option("--include-running", "also what running captures have so far")
    .option(
      "--kubeconfig <FILE>",
      "instead of KUBECONFIG or ~/.kube/config",
      single("--kubeconfig", "a path"),
    )
    .option(
      "--context <NAME>",
      "of the kubeconfig, instead of the current one",
      single("--context", "a name"),
    )
    .action(async (wanted = [], options) => end(await (await import("./gather.ts")).gather(wanted, options)));

  const commands = program
    .command("export")
    .description("Give out captures of this node, read-only: what gather runs in a pod's files container.");
  const hostmount = ["--hostmount <DIR>", "where captures are", "/hostmount"] as const;
  commands
    .command("list")
    .description("Say which files there are, as JSON.")
    .argument("[NAME...]", "names of PacketCaptures; all if left out", names)
    .option(...hostmount)
    .action(async (wanted = [], options) =>
      end(await (await import("./export.ts")).exportList(wanted, options)),
    );
  commands
    .command("read")
    .description(
      "Write a part of a file to stdout; the last line on stderr has the SHA-256 of bytes 0 to LENGTH.",
    )
    .argument("<FOLDER>", "the capture's name")
    .argument("<FILE>", "a file's name as list has it")
    .requiredOption("--from <OFFSET>", "first byte to write")
    .requiredOption("--to <LENGTH>", "where to end: one past the last byte")
    .option("--session <UUID>", "end an earlier read with the same one: its connection was lost")
    .option(...hostmount)
    .action(async (folder, file, options) =>
      end(await (await import("./export.ts")).exportRead(folder, file, options)),
    );
  commands
    .command("tar")
    .description("Write captures to stdout as a tar archive; checksums.sha256 is its last file.")
    .argument("[NAME...]", "names of PacketCaptures; all if left out", names)
    .option(...since())
    .option(...sinceTime())
    .option("--include-running", "also what running captures have so far")
    .option(...hostmount)
    .action(async (wanted = [], options) =>
      end(await (await import("./export.ts")).exportTar(wanted, options)),
    );
}
