import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOptions } from "../../infra/local/settings.ts";
import { eventJson } from "../support/factories.ts";
import { allItems } from "../support/idle-stage.ts";
import { type LocalRun, run, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const accountsOf = (PORT: string, ...args: string[]) =>
  run(["infra/commands/accounts/main.ts", ...args], { PORT });

describe("a mistake in the call is told in one sentence, with the usage, before it connects", () => {
  test.each([
    ["purge --account acme", "Unknown command purge"],
    ["delete", "--account is missing"],
    ["delete --account Acme", "--account must be 1 to 64"],
    ["delete acme --account acme --confirm acme", 'Nothing to do with "acme"'],
    ["delete --account acme", "This deletes all data of acme for good: say so with --confirm acme"],
    ["delete --account acme --confirm globex", "say so with --confirm acme"],
    ["delete --account acme --dry-run --mb-per-second 0", "--mb-per-second must be a number from 1 to 1000"],
  ])("%s: %s", async (args, message) => {
    const { code, stdout, stderr } = await accountsOf("1", ...args.split(" "));
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain("Deletes all that is stored of an account.");
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

describe("against a local run", () => {
  let local: LocalRun;
  let receiver: Receiver;
  let dynamoDb: DynamoDBDocumentClient;
  beforeAll(async () => {
    receiver = await startReceiver(({ path }) => ({ status: path === "/down" ? 500 : 200 }));
    local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1,9" });
    dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(local.services.dynamodb)));
  });
  afterAll(() => Promise.all([local?.kill(), receiver?.close()]));
  const accounts = (...args: string[]) => accountsOf(new URL(local.url).port, ...args);
  /** All items of all tables of one of the two, each as text. */
  async function stored(of: "acme" | "acme-2"): Promise<string[]> {
    const all = await Promise.all(
      Object.values(local.services.tables).map((table) => allItems(dynamoDb, table)),
    );
    const mention = of === "acme" ? /acme(?!-2)/ : /acme-2/;
    return all
      .flat()
      .map((item) => JSON.stringify(item))
      .filter((text) => mention.test(text))
      .toSorted();
  }
  async function live(account: string) {
    const roles = ["--role", "integrator", "--role", "publisher"];
    const key = (await local.keys("create", "--account", account, ...roles)).stdout.trim();
    const call = (method: string, path: string, body?: unknown) => local.call(method, path, body, key);
    for (const hook_id of ["up", "down"])
      await call("POST", "/webhooks", { hook_id, scope: "user_activity", url: receiver.url(`/${hook_id}`) });
    await call("POST", "/events", eventJson({ id: "first" }));
    return call;
  }

  test("all that mentions the account goes, and nothing of one that is called almost the same", async () => {
    const [acme, other] = await Promise.all([live("acme"), live("acme-2")]);
    for (const call of [acme, other])
      await until(
        async () => (await call("GET", "/undelivered?hook_id=down")).body.items.length === 1,
        60_000,
      );
    await acme("POST", "/undelivered/redeliver", { hook_id: "down", since: new Date().toISOString() });
    await acme("POST", "/events", eventJson({ id: "waiting" }));
    await acme("POST", "/webhooks", { hook_id: "gone", scope: "user_activity", url: receiver.url("/gone") });
    await acme("POST", "/events", eventJson({ id: "for-a-webhook-that-is-gone" }));
    await until(() => receiver.requests.some(({ path }) => path === "/gone"));
    await acme("DELETE", "/webhooks/gone");
    // Its second attempt has failed: the third is twenty seconds away.
    const waiting = await until(async () => {
      const { items } = (await acme("GET", "/deliveries?hook_id=down&status=retrying")).body;
      const isSecond = ({ attempts }: { attempts: unknown[] }) => attempts.length === 2;
      return items.length === 2 && items.every(isSecond) && items;
    });
    const lastRetryAt = Math.max(
      ...waiting.map((one: { next_attempt_at: string }) => Date.parse(one.next_attempt_at)),
    );

    const before = { acme: await stored("acme"), other: await stored("acme-2") };
    const dry = await accounts("delete", "--account", "acme", "--dry-run");
    expect(dry.stdout).toMatch(
      /^Account acme of stage local: would delete\n {2}1 API keys\n {2}2 webhooks\n/,
    );
    expect(await stored("acme")).toEqual(before.acme);

    const { stdout, code, stderr } = await accounts("delete", "--account", "acme", "--confirm", "acme");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const kind of [
      "1 API keys",
      "2 webhooks",
      "1 undelivered events",
      "7 deliveries",
      "1 redelivery jobs",
    ])
      expect(stdout).toContain(`  ${kind}\n`);
    for (const kind of ["ledger entries", "usage counters"])
      expect(stdout).toMatch(new RegExp(`  \\d+ ${kind}\n`));
    const [, againAt = ""] = /Run it again after (20\S+Z)/.exec(stdout) ?? [];
    expect(Date.parse(againAt)).toBeGreaterThanOrEqual(lastRetryAt + 15 * 60_000);
    expect(stdout).toContain("Stop what publishes to the bus for it");
    expect(await stored("acme")).toEqual([]);
    expect(await stored("acme-2")).toEqual(before.other);
    expect((await acme("GET", "/webhooks")).status).toBe(401);

    // The retries that were waiting find nobody: each leaves a line that expires, and a second run takes it.
    const left = await until(async () => {
      const items = await stored("acme");
      return items.filter((text) => text.includes('"status":"cancelled"')).length === 2 && items;
    }, 40_000);
    for (const text of left) expect(JSON.parse(text).expires_at).toBeGreaterThan(Date.now() / 1000);
    const sent = receiver.requests.length;
    const again = await accounts("delete", "--account", "acme", "--confirm", "acme");
    expect(again.stdout).toContain("  2 deliveries\n");
    expect(await stored("acme")).toEqual([]);
    expect(await stored("acme-2")).toEqual(before.other);
    expect(receiver.requests).toHaveLength(sent);
    const third = await accounts("delete", "--account", "acme", "--confirm", "acme");
    expect(third.stdout).toBe("Account acme of stage local: deleted\n  nothing: there is nothing of it\n");
  }, 120_000);
});
