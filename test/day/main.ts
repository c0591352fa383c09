/**
 * A simulated day: many short captures on one node with retention on, and whether what they leave stays flat. The last
 * line is `N passed, N failed`, in figures.
 */
import { readOptions } from "./options.ts";
import { type Day, runDay } from "./run-day.ts";

const { minutes } = optionsOrExit();
if (process.getuid?.() !== 0) {
  console.error("The day makes network namespaces and mounts: run it as root.");
  process.exit(2);
}
// What removes the API server's data keeps no process alive.
const alive = setInterval(() => undefined, 60_000);
const day = await runDay(minutes, console.log);
clearInterval(alive);
console.log(tableOf(day));
for (const complaint of day.complaints.slice(0, 20)) console.log(`complaint: ${complaint}`);
if (day.expired === 0) console.log("complaint: no capture has lost its files for their age");
const failed =
  day.verdicts.filter(({ flat }) => !flat).length + day.complaints.length + (day.expired === 0 ? 1 : 0);
console.log(`${day.verdicts.filter(({ flat }) => flat).length} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function tableOf({ verdicts, counts, expired, samples }: Day): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`);
  const number = (value: number): string => String(Math.round(value * 10) / 10);
  return [
    `${all} captures (${kinds.join(", ")}) in ${minutes} minutes; files of ${expired} went for their age; ${samples.length} samples`,
    "",
    "| figure | second third | last third | most | |",
    "|---|---|---|---|---|",
    ...verdicts.map(
      ({ name, second, last, most, flat }) =>
        `| ${name} | ${number(second)} | ${number(last)} | ${number(most)} | ${flat ? "flat" : "grows"} |`,
    ),
  ].join("\n");
}

function optionsOrExit(): { minutes: number } {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}
