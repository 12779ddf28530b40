import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

let local: LocalRun;
let receiver: Receiver;
const broken = new Set<string>();

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => ({ status: broken.has(path) ? 500 : 200 }));
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const arrived = (path: string) => receiver.requests.filter((request) => request.path === path);

/** A webhook whose receiver was broken while `count` events came, and the rows that wait for it. */
async function aWebhookWithUndelivered(path: string, count: number) {
  broken.add(path);
  const campaign = path.slice(1);
  const registration = { scope: "user_activity", url: receiver.url(path), campaigns: [campaign] };
  const { hook_id } = (await local.call("POST", "/webhooks", registration)).body;
  const ids = Array.from({ length: count }, (_, n) => `${campaign}-${n}`);
  const events = ids.map((id) => eventJson({ id, campaign: { id: campaign, name: campaign } })).join();
  await local.call("POST", "/events/batch", `{"events":[${events}]}`);
  const rows = async () => (await local.call("GET", `/undelivered?hook_id=${hook_id}&limit=100`)).body.items;
  await until(async () => (await rows()).length === count);
  const before = arrived(path).length;
  return {
    hook_id: hook_id as string,
    ids,
    rows,
    /** The ids that arrived since. */
    later: () =>
      arrived(path)
        .slice(before)
        .map(({ headers }) => String(headers["webhook-id"])),
    repair: () => void broken.delete(path),
    delivery: async (id: string) => (await local.call("GET", `/deliveries/${id}`)).body,
  };
}

const job = async (id: string) => (await local.call("GET", `/jobs/${id}`)).body;

describe.concurrent("an undelivered delivery", () => {
  test("is redelivered under the same webhook-id, and leaves the table", async () => {
    const webhook = await aWebhookWithUndelivered("/one", 1);
    const [row] = await webhook.rows();
    webhook.repair();
    expect(await local.call("POST", `/undelivered/${row.id}/redeliver`)).toMatchObject({
      status: 202,
      body: { id: row.id },
    });
    await until(async () => (await webhook.delivery(row.id)).status === "delivered");
    expect(webhook.later()).toEqual(["one-0"]);
    expect(await webhook.rows()).toEqual([]);
    const numbers = (await webhook.delivery(row.id)).attempts.map(({ number }: { number: number }) => number);
    expect(numbers).toEqual([1, 2, 3]);
    expect((await local.call("POST", `/undelivered/${row.id}/redeliver`)).status).toBe(404);
  });

  test("that fails again gets a whole fresh run of attempts, and is then one row again", async () => {
    const webhook = await aWebhookWithUndelivered("/again", 1);
    const [row] = await webhook.rows();
    await local.call("POST", `/undelivered/${row.id}/redeliver`);
    await until(async () => (await webhook.rows())[0]?.attempts.length === 4);
    expect(webhook.later()).toEqual(["again-0", "again-0"]);
    expect(await webhook.rows()).toMatchObject([{ id: row.id, reason: "all 2 attempts failed" }]);
  });

  test("redelivered many times at once arrives once", async () => {
    const webhook = await aWebhookWithUndelivered("/many", 1);
    const [row] = await webhook.rows();
    webhook.repair();
    await Promise.all(
      Array.from({ length: 8 }, () => local.call("POST", `/undelivered/${row.id}/redeliver`)),
    );
    await until(async () => (await webhook.delivery(row.id)).status === "delivered");
    await until(async () => (await webhook.rows()).length === 0);
    expect(webhook.later()).toEqual(["many-0"]);
  });

  test("whose endpoint could not be called stays where it is, and the caller is told why", async () => {
    const webhook = await aWebhookWithUndelivered("/closed", 1);
    const [row] = await webhook.rows();
    await local.call("PATCH", `/webhooks/${webhook.hook_id}`, { status: "disabled" });
    const disabled = await local.call("POST", `/undelivered/${row.id}/redeliver`);
    expect([disabled.status, disabled.body.detail]).toEqual([409, expect.stringContaining("is disabled")]);
    await local.call("PATCH", `/webhooks/${webhook.hook_id}`, {
      status: "active",
      url: receiver.url("/other"),
    });
    const removed = await local.call("POST", `/undelivered/${row.id}/redeliver`);
    expect([removed.status, removed.body.detail]).toEqual([409, expect.stringContaining("was removed")]);
    expect(await webhook.rows()).toHaveLength(1);
  });

  test("can be deleted: it is gone from the table, not from the log", async () => {
    const webhook = await aWebhookWithUndelivered("/deleted", 1);
    const [row] = await webhook.rows();
    expect((await local.call("DELETE", `/undelivered/${row.id}`)).status).toBe(204);
    expect(await webhook.rows()).toEqual([]);
    expect((await local.call("GET", `/undelivered/${row.id}`)).status).toBe(404);
    expect((await local.call("DELETE", `/undelivered/${row.id}`)).status).toBe(404);
    expect(await webhook.delivery(row.id)).toMatchObject({
      status: "cancelled",
      reason: "deleted from the undelivered table",
    });
  });
});

describe.concurrent("a range", () => {
  test("is counted by a dry run, which sends nothing", async () => {
    const webhook = await aWebhookWithUndelivered("/dry", 3);
    const [newest] = await webhook.rows();
    const count = async (range: object) =>
      (
        await local.call("POST", "/undelivered/redeliver", {
          hook_id: webhook.hook_id,
          dry_run: true,
          ...range,
        })
      ).body;
    expect(await count({})).toEqual({ job_id: null, matched: 3 });
    expect(await count({ since: "2099-01-01T00:00:00Z" })).toEqual({ job_id: null, matched: 0 });
    expect(await count({ until: "2000-01-01T00:00:00+02:00" })).toEqual({ job_id: null, matched: 0 });
    expect((await count({ since: newest.updated_at })).matched).toBeGreaterThan(0);
    expect(webhook.later()).toEqual([]);
  });

  test("is redelivered at its pace, with progress to be seen, and what is not repaired yet is not tried for ever", async () => {
    const webhook = await aWebhookWithUndelivered("/paced", 7);
    webhook.repair();
    const range = { hook_id: webhook.hook_id, per_second: 3 };
    const { status, body } = await local.call("POST", "/undelivered/redeliver", range);
    expect([status, body.matched]).toEqual([202, 7]);
    const seen = new Set<number>();
    await until(async () => {
      const { redelivered, status: now } = await job(body.job_id);
      seen.add(redelivered);
      return now === "done";
    });
    expect([...seen]).toEqual([0, 3, 6, 7]);
    expect(await job(body.job_id)).toMatchObject({
      matched: 7,
      redelivered: 7,
      skipped: 0,
      hook_id: webhook.hook_id,
    });
    await until(() => webhook.later().length === 7);
    expect(webhook.later().toSorted()).toEqual(webhook.ids);
    expect(await webhook.rows()).toEqual([]);
  });

  test("whose receiver is still broken is gone through once: what fails again is not its business", async () => {
    const webhook = await aWebhookWithUndelivered("/still", 2);
    const { body } = await local.call("POST", "/undelivered/redeliver", {
      hook_id: webhook.hook_id,
      per_second: 1,
    });
    await until(async () => (await job(body.job_id)).status === "done");
    await until(async () => (await webhook.rows()).length === 2);
    expect(await job(body.job_id)).toMatchObject({ redelivered: 2, skipped: 0 });
    expect(webhook.later()).toHaveLength(4);
  });

  test("can be cancelled: what is not begun stays", async () => {
    const webhook = await aWebhookWithUndelivered("/cancelled", 5);
    webhook.repair();
    const { body } = await local.call("POST", "/undelivered/redeliver", {
      hook_id: webhook.hook_id,
      per_second: 1,
    });
    await until(async () => (await job(body.job_id)).redelivered > 0);
    expect((await local.call("DELETE", `/jobs/${body.job_id}`)).status).toBe(204);
    const { redelivered, status } = await job(body.job_id);
    expect(status).toBe("cancelled");
    await until(() => webhook.later().length >= redelivered);
    expect((await webhook.rows()).length).toBeGreaterThanOrEqual(3);
    expect((await local.call("DELETE", `/jobs/${body.job_id}`)).status).toBe(204);
  });

  test.each<[object, number, string | undefined]>([
    [{}, 422, "hook_id"],
    [{ hook_id: "nobodys" }, 404, undefined],
    [{ hook_id: "x", since: "yesterday" }, 422, "since"],
    [{ hook_id: "x", since: "0000-01-01T00:00:00+01:00" }, 422, "since"],
    [{ hook_id: "x", until: "9999-12-31T23:59:59-01:00" }, 422, "until"],
    [{ hook_id: "x", per_second: 0 }, 422, "per_second"],
    [{ hook_id: "x", per_second: 501 }, 422, "per_second"],
    [{ hook_id: "x", dry_run: "yes" }, 422, "dry_run"],
  ])("%j is refused", async (body, status, field) => {
    const answer = await local.call("POST", "/undelivered/redeliver", body);
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([status, field]);
  });
});
