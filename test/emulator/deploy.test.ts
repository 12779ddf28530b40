import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

let notAnEmulator: Receiver;
beforeAll(async () => {
  notAnEmulator = await startReceiver(() => ({ status: 404 }));
});
afterAll(() => notAnEmulator?.close());

const deploy = (args: string[], endpoint: string) =>
  run(["infra/emulator/main.ts", ...args], { AWS_ENDPOINT_URL: endpoint });

test("what answers but is no emulator, as AWS would, is not deployed to", async () => {
  const { code, stdout, stderr } = await deploy([], notAnEmulator.url(""));
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toBe(
    `No emulator answers at ${notAnEmulator.url("")}: start one (docs/emulators.md), or set AWS_ENDPOINT_URL.\n`,
  );
  expect(notAnEmulator.requests.map(({ path }) => path)).toEqual(["/_localstack/health"]);
});

test.each<[string[], string]>([
  [["--stage", "Not A Stage"], "--stage must be 1 to 20 of a–z, 0–9 and -, a letter first"],
  [["prod"], 'Nothing to do with "prod"'],
])("%j is refused before anything is asked", async (args, sentence) => {
  const { code, stderr } = await deploy(args, notAnEmulator.url("/refused"));
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(notAnEmulator.requests.some(({ path }) => path.startsWith("/refused"))).toBe(false);
});
