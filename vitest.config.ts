import { defineConfig } from "vitest/config";

const FAIRNESS = "test/slow/fairness.test.ts";

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Also on two cores, where vitest would take one: tests mostly wait, for sockets and timers.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: "suite",
          include: ["test/**/*.test.ts"],
          exclude: ["test/slow/**", "test/acceptance/**", "test/upgrade/**"],
        },
      },
      // Against a target that is told: `npm run test:e2e`.
      {
        extends: true,
        test: { name: "acceptance", include: ["test/acceptance/**/*.test.ts"], testTimeout: 90_000 },
      },
      // Needs an emulator at AWS_ENDPOINT_URL.
      { extends: true, test: { name: "upgrade", include: ["test/upgrade/**/*.test.ts"] } },
      // Minutes of real time, or of a core: not part of `npm test`. The one in real time waits beside the others.
      {
        extends: true,
        test: {
          ...{ name: "slow", include: ["test/slow/**/*.test.ts"], exclude: [FAIRNESS] },
          sequence: { groupOrder: 1 },
        },
      },
      // Measures how late others are, so nothing may run beside it.
      {
        extends: true,
        test: { name: "alone", include: [FAIRNESS], maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
