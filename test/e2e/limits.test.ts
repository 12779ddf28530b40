import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../support/call-api.ts";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";

let local: LocalRun;
beforeAll(async () => {
  local = await startLocalRun({
    ACCOUNT_MAX_WEBHOOKS: "2",
    ACCOUNT_MAX_REQUESTS_PER_SECOND: "3",
    ACCOUNT_MAX_EVENTS_IN_FLIGHT: "20",
  });
});
afterAll(() => local?.stop());

async function keyOf(account: string): Promise<string> {
  const roles = ["--role", "integrator", "--role", "publisher"];
  return (await local.keys("create", "--account", account, ...roles)).stdout.trim();
}

function expectTooMany({ status, headers, body }: Answer, detail: string) {
  expect(status).toBe(429);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(body).toMatchObject({ title: "Too Many Requests", status: 429, detail });
}

describe("an account that asks for more than its share is told 429 and when to come back", () => {
  test("webhooks: one more than it may, until one is deleted", async () => {
    const key = await keyOf("collector");
    const register = (hook_id: string) =>
      local.call("POST", "/webhooks", { hook_id, scope: "referral", url: "http://127.0.0.1:9/" }, key);
    expect((await register("one")).status).toBe(201);
    expect((await register("one")).status).toBe(409);
    expect((await register("two")).status).toBe(201);
    const full = await register("three");
    expectTooMany(full, "This account has as many webhooks as it may: only deleting one makes room");
    expect(full.headers.get("retry-after")).toBe("60");
    // Who lost the answer to the last place asks again.
    expect((await register("two")).status).toBe(409);
    expect((await local.call("DELETE", "/webhooks/one", undefined, key)).status).toBe(204);
    expect((await register("three")).status).toBe(201);
  });

  test("events in flight: refused whole, and accepted again when fan-out has caught up", async () => {
    const key = await keyOf("flood");
    const publish = (count: number) =>
      local.call(
        "POST",
        "/events/batch",
        `{"events":[${Array.from({ length: count }, () => eventJson({ id: undefined })).join()}]}`,
        key,
      );
    expectTooMany(await publish(21), "This account has too many events in flight");
    expect((await publish(20)).status).toBe(202);
    await until(async () => (await publish(20)).status === 202);
  });

  test("requests: another account is not held up", async () => {
    const [busy, quiet] = [await keyOf("busy"), await keyOf("quiet")];
    const ask = (key: string) => local.call("GET", "/webhooks", undefined, key);
    const refused = await until(async () => {
      const answer = await ask(busy);
      return answer.status === 429 && answer;
    });
    expectTooMany(refused, "This account makes too many requests");
    expect((await ask(quiet)).status).toBe(200);
  });
});
