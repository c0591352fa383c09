/** What has to be taken back however the bench ends: namespaces, processes, files. Last made, first undone. */
const undoing: (() => void)[] = [];

/** @returns a function that undoes it now, once. */
export function atExit(undo: () => void): () => void {
  undoing.push(undo);
  return () => {
    const place = undoing.indexOf(undo);
    if (place < 0) return;
    undoing.splice(place, 1);
    undo();
  };
}

function undoAll(): void {
  for (let undo = undoing.pop(); undo !== undefined; undo = undoing.pop()) {
    try {
      undo();
    } catch (error) {
      process.stderr.write(`bench: clean-up: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

/** Also on Ctrl-C and SIGTERM, which then end the bench with 128 + the signal's number. */
export function undoOnEveryExit(): void {
  process.once("exit", undoAll);
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}
