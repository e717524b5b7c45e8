import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{model,settings,pages,components,preview,lab,cli,docs}/**/*.test.ts"],
          // Thousands of generated cases take seconds, and many more on a busy machine.
          testTimeout: 300_000,
        },
      },
      // A Pulumi program keeps its runtime in module state: one process a file.
      { test: { name: "program", include: ["test/program/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 } },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "tutor",
          include: ["test/tutor/**/*.test.ts"],
          testTimeout: 60_000,
          // The first run builds two Caddys.
          hookTimeout: 20 * 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // The first run builds a Kubernetes from source.
          testTimeout: 300_000,
          hookTimeout: 55 * 60_000,
          fileParallelism: false,
          // Of the tests that say so, as many at a time as a small machine has cores.
          maxConcurrency: 2,
        },
      },
    ],
  },
});
