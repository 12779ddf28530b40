import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";

let local: LocalRun;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => ({ status: path.startsWith("/fails") ? 500 : 200 }));
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: "300" });
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const arrived = (path: string) => receiver.requests.filter((request) => request.path === path);
const register = async (path: string, fields: Record<string, unknown> = {}) =>
  (
    await local.call("POST", "/webhooks", {
      scope: "user_activity",
      url: receiver.url(path),
      campaigns: [path],
      ...fields,
    })
  ).body;

async function publishedTo(path: string): Promise<Received> {
  const before = arrived(path).length;
  await local.call("POST", "/events", eventJson({ id: undefined, campaign: { id: path, name: path } }));
  await until(() => arrived(path).length > before);
  return arrived(path)[before] as Received;
}

const verifies = ({ body, headers }: Received, secret: string): boolean => {
  try {
    new Webhook(secret).verify(body.toString(), headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
};

describe("rotating a secret", () => {
  test("both verify during the overlap, newest first, and only the new one after it", async () => {
    const { hook_id, secret: old } = await register("/rotated");
    const { status, body } = await local.call("POST", `/webhooks/${hook_id}/secret`, { overlap_seconds: 2 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ hook_id, secret: expect.stringMatching(/^whsec_/) });
    expect(body.secret).not.toBe(old);

    const during = await publishedTo("/rotated");
    expect([verifies(during, body.secret), verifies(during, old)]).toEqual([true, true]);
    const [newest = ""] = String(during.headers["webhook-signature"]).split(" ");
    expect(
      verifies({ ...during, headers: { ...during.headers, "webhook-signature": newest } }, body.secret),
    ).toBe(true);

    await until(() => Date.now() > Date.parse(body.old_secrets_expire_at));
    const after = await publishedTo("/rotated");
    expect([verifies(after, body.secret), verifies(after, old)]).toEqual([true, false]);
    expect(String(after.headers["webhook-signature"]).split(" ")).toHaveLength(1);
  });

  test("with no overlap the old one stops at once; one's own secret may be given; a body is not needed", async () => {
    const { hook_id, secret: first } = await register("/at-once");
    const own = { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", overlap_seconds: 0 };
    const { body: given } = await local.call("POST", `/webhooks/${hook_id}/secret`, own);
    expect(given).toMatchObject({ secret: own.secret, old_secrets_expire_at: null });
    const received = await publishedTo("/at-once");
    expect([verifies(received, own.secret), verifies(received, first)]).toEqual([true, false]);

    const { body: made } = await local.call("POST", `/webhooks/${hook_id}/secret`);
    expect(Date.parse(made.old_secrets_expire_at) - Date.now()).toBeGreaterThan(86_000_000);
    expect((await local.call("GET", `/webhooks/${hook_id}`)).body).not.toHaveProperty("secret");
  });

  test.each<[Record<string, unknown>, string]>([
    [{ overlap_seconds: -1 }, "overlap_seconds"],
    [{ overlap_seconds: 604_801 }, "overlap_seconds"],
    [{ overlap_seconds: "1h" }, "overlap_seconds"],
    [{ secret: "" }, "secret"],
    [{ hook_id: "x" }, "hook_id"],
  ])("%j is refused", async (body, field) => {
    const { hook_id } = await register("/refused");
    const answer = await local.call("POST", `/webhooks/${hook_id}/secret`, body);
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, field]);
    expect((await local.call("POST", "/webhooks/nobodys/secret", {})).status).toBe(404);
  });
});

describe("a test send", () => {
  test("tells for each endpoint what came of it, and reaches those that are up with a signed sample of the hook's scope", async () => {
    const down = await startReceiver();
    await down.close();
    const urls = [receiver.url("/tested"), receiver.url("/fails"), down.url("/")];
    const { hook_id, secret } = await register("/tested", { url: urls, scope: "user_reward" });
    const { status, body } = await local.call("POST", `/webhooks/${hook_id}/test`, { user: "user-42" });
    expect(status).toBe(200);
    const took = { duration_ms: expect.any(Number) };
    expect(body.results).toEqual([
      { url: urls[0], delivered: true, status: 200, error: null, ...took },
      { url: urls[1], delivered: false, status: 500, error: "answered 500", ...took },
      { url: urls[2], delivered: false, status: null, error: "connection refused", ...took },
    ]);
    const [received] = arrived("/tested") as [Received];
    expect(verifies(received, secret)).toBe(true);
    expect(received.headers["webhook-id"]).toBe(body.id);
    expect(JSON.parse(received.body.toString())).toMatchObject({
      id: body.id,
      user: "user-42",
      scope: "user_reward",
    });
  });

  test("is made once, is not retried, and leaves no trace in the log or among the undelivered", async () => {
    const { hook_id } = await register("/fails-untraced");
    await local.call("POST", `/webhooks/${hook_id}/test`, { user: "u" });
    expect((await local.call("GET", `/deliveries?hook_id=${hook_id}`)).body.items).toEqual([]);
    expect((await local.call("GET", `/undelivered?hook_id=${hook_id}`)).body.items).toEqual([]);
    expect(arrived("/fails-untraced")).toHaveLength(1);
  });

  test.each<[unknown, number]>([
    [{}, 422],
    [{ user: "" }, 422],
    [{ user: 1 }, 422],
    ["", 400],
  ])("with %j is refused", async (body, status) => {
    const { hook_id } = await register("/untested");
    expect((await local.call("POST", `/webhooks/${hook_id}/test`, body)).status).toBe(status);
    expect(arrived("/untested")).toEqual([]);
    const odd = await local.call("POST", `/webhooks/${"x".repeat(2_000)}/test`, { user: "u" });
    expect(odd.status).toBe(404);
  });
});
