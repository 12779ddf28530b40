import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "suite", include: ["test/**/*.test.ts"], exclude: ["test/slow/**"] } },
      // Minutes of real time, or of both cores: not part of `npm test`, and one after the other.
      { extends: true, test: { name: "slow", include: ["test/slow/**/*.test.ts"], fileParallelism: false } },
    ],
  },
});
