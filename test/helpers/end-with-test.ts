/** What a test must not leave behind, undone also when the test process is interrupted. */
const undo = new Set<() => void>();

/** @returns a function that runs `action` now; without that call it runs when the process ends. */
export function atLatestAtExit(action: () => void): () => void {
  undo.add(action);
  return () => {
    if (undo.delete(action)) action();
  };
}

function undoAll(): void {
  // What was made last goes first: a server before the folder it writes to.
  for (const action of [...undo].reverse()) action();
  undo.clear();
}

process.once("exit", undoAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    undoAll();
    process.exit(1);
  });
}
