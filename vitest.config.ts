import { defineConfig } from "vitest/config";

/** Real namespaces, real packets: one file at a time, and time enough on a busy machine. */
const onePerTime = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 };
/** Each file has an API server, agents and namespaces of its own, and mostly waits. */
const twoPerTime = { ...onePerTime, fileParallelism: true, maxWorkers: 2 };

export default defineConfig({
  test: {
    projects: [
      // Nothing in them waits for long; the largest (a manifest of 99,999 files) needs its time on a busy machine.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...onePerTime } },
      {
        test: {
          name: "kubernetes",
          include: ["test/cluster-api/**/*.test.ts"],
          // Builds Kubernetes at its first use.
          globalSetup: ["test/kubernetes/binaries/before-tests.ts"],
          ...twoPerTime,
        },
      },
      {
        test: {
          name: "chart",
          include: ["test/chart/**/*.test.ts"],
          globalSetup: ["test/kubernetes/binaries/before-tests.ts"],
          ...onePerTime,
        },
      },
      {
        test: {
          name: "kubernetes-slow",
          include: ["test/cluster-slow/**/*.test.ts"],
          globalSetup: ["test/kubernetes/binaries/before-tests.ts"],
          ...twoPerTime,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          // Builds the images, and brings up the one cluster of all files.
          globalSetup: ["test/cluster/before-tests.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      { test: { name: "slow", include: ["test/slow/**/*.test.ts"], ...onePerTime } },
    ],
  },
});
