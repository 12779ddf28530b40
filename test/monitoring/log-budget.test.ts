import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { aMessage } from "../support/factories.ts";
import { linesOf } from "../support/monitoring/emitted.ts";

const BUDGET_BYTES = 420;

test(`a delivery that arrives at once writes one line, of ${BUDGET_BYTES} bytes at most, as the docs say`, async () => {
  const message = aMessage({
    account: "acme-games",
    hook_id: "leaderboard",
    url: "https://hooks.acme-games.com/claimr?token=abc",
  });
  const lines = await linesOf(
    "claimr-webhooks-prod",
    [{ message, answer: "arrives" }],
    Date.parse(message.due_at),
  );
  const [line = "", ...others] = lines.filter((one) => !one.startsWith('{"_aws"'));
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    ...{ level: "INFO", timestamp: expect.any(String), requestId: expect.any(String) },
    message: { event: "delivery.attempted", decision: "delivered", event_id: message.event_id },
  });
  const bytes = Buffer.byteLength(line);
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
  const page = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
  expect(page).toContain(`an attempt that arrives at once is some ${Math.round(bytes / 10) * 10} bytes`);
});
