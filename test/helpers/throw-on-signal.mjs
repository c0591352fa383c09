// Loaded by `--import`: SIGUSR2 becomes an error that nothing catches, as a mistake of ours would be.
process.on("SIGUSR2", () => {
  throw new Error("thrown by the test");
});
