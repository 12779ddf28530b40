import { afterEach, expect, test } from "vitest";
import { newSecret } from "../../shared/domain/secret.ts";
import { signatureHeaders } from "../../shared/domain/signature.ts";
import { type Running, run, start, until } from "../support/local-run.ts";

let receiver: Running | undefined;
afterEach(() => receiver?.end("SIGKILL"));

async function startReceiver(...args: string[]) {
  receiver = start(["infra/receiver/main.ts", "--port", "0", ...args]);
  const { stdout } = receiver;
  await until(() => stdout().includes("Listening on"));
  return { url: /http:\S+/.exec(stdout())?.[0] ?? "", stdout };
}

const post = (url: string, secret: string, id: string, body = '{"a":1}') =>
  fetch(url, {
    method: "POST",
    body,
    headers: signatureHeaders([secret], {
      id,
      timestampSeconds: Math.floor(Date.now() / 1000),
      body: '{"a":1}',
    }),
  });

test.each([
  ["a made secret", newSecret()],
  ["free text", "sécret"],
])("says whether a signature holds: %s", async (_, secret) => {
  const { url, stdout } = await startReceiver("--secret", secret);
  expect((await post(url, secret, "good")).status).toBe(200);
  expect((await post(url, secret, "changed", '{"a":2}')).status).toBe(200);
  expect(stdout()).toMatch(/good {2}attempt 1 {2}signature holds {2}→ 200\n {2}{"a":1}/);
  expect(stdout()).toMatch(/changed {2}attempt 1 {2}SIGNATURE DOES NOT HOLD/);
});

test("--fail 2 fails the first two attempts of every event, and --slow keeps the sender waiting", async () => {
  const { url, stdout } = await startReceiver("--fail", "2", "--slow", "0.2");
  const begun = performance.now();
  const statuses = [];
  for (const id of ["a", "a", "b", "a"]) statuses.push((await post(url, "s", id)).status);
  expect(statuses).toEqual([500, 500, 500, 200]);
  expect(performance.now() - begun).toBeGreaterThan(750);
  expect(stdout()).toContain("signature not checked");
});

test.each([
  ["--port", "x"],
  ["--fail", "-1"],
  ["--nonsense", "1"],
])("%s %s ends with a sentence and the usage", async (...args) => {
  const { code, stderr } = await run(["infra/receiver/main.ts", ...args]);
  expect(code).toBe(1);
  expect(stderr).toContain("npm run receiver");
});
