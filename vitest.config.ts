import { defineConfig } from "vitest/config";

/** Real namespaces, real packets: one file at a time, and time enough on a busy machine. */
const onePerTime = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...onePerTime } },
      {
        test: {
          name: "kubernetes",
          include: ["test/cluster-api/**/*.test.ts"],
          // Builds Kubernetes at its first use.
          globalSetup: ["test/kubernetes/binaries/before-tests.ts"],
          ...onePerTime,
        },
      },
      { test: { name: "slow", include: ["test/slow/**/*.test.ts"], ...onePerTime } },
    ],
  },
});
