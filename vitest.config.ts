import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "suite", include: ["test/**/*.test.ts"], exclude: ["test/slow/**"] } },
      // The retry policy in real time: seven minutes, so not part of `npm test`.
      { extends: true, test: { name: "slow", include: ["test/slow/**/*.test.ts"] } },
    ],
  },
});
