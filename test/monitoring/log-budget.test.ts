import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { aMessage } from "../support/factories.ts";
import { type Asked, linesOf } from "../support/monitoring/emitted.ts";

const BUDGET_BYTES = 220;
const FAILURE_BYTES = 110;

/** What one delivery writes, with ids of the usual length, besides the metrics. */
async function linesOfOne(answer: Asked["answer"]): Promise<string[]> {
  const message = aMessage({
    account: "acme-games",
    hook_id: "leaderboard",
    url: "https://hooks.acme-games.com/claimr?token=abc",
  });
  const lines = await linesOf("claimr-webhooks-prod", [{ message, answer }], Date.parse(message.due_at));
  return lines.filter((one) => !one.startsWith('{"_aws"'));
}

test(`a delivery that arrives at once writes one line, of ${BUDGET_BYTES} bytes at most, as the docs say`, async () => {
  const [line = "", ...others] = await linesOfOne("arrives");
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ event: "delivery.attempted", decision: "delivered", attempt: 1 });
  const bytes = Buffer.byteLength(line);
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
  const page = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
  expect(page).toContain(`an attempt that arrives at once is some ${Math.round(bytes / 10) * 10} bytes`);
});

test(`one that fails and is retried writes one line too, of ${FAILURE_BYTES} bytes more at most`, async () => {
  const [line = "", ...others] = await linesOfOne("retries");
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ http_status: 500, decision: "retrying", next_in_s: 30 });
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(BUDGET_BYTES + FAILURE_BYTES);
});

test("a message that is put back because it came early writes no line", async () => {
  expect(await linesOfOne("is early")).toEqual([]);
});
