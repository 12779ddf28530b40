import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/** Longer than the second that an idle poller takes to stop, so that waiting for that is not enough. */
const SLOW_MS = 2_000;

let receiver: Receiver;
let isUp = true;
let dataDir: string;
let local: LocalRun | undefined;

const start = async (delays = "1,4,4") => {
  local = await startLocalRun({
    DATA_DIR: dataDir,
    RETRY_DELAYS_SECONDS: delays,
    SCHEDULE_FROM_SECONDS: "4",
  });
  return local;
};

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: isUp ? 200 : 500 }));
});
afterAll(() => receiver?.close());
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "claimr-restart-"));
});
afterEach(async () => {
  await local?.stop();
  await rm(dataDir, { recursive: true });
});

const idsAt = (path: string) =>
  receiver.requests
    .filter((request) => request.path === path)
    .map(({ headers }) => String(headers["webhook-id"]));

describe("kill -9 and a restart", () => {
  test("lose no accepted event, waiting retry, registration or key", async () => {
    isUp = false;
    const first = await start();
    await first.call("POST", "/webhooks", {
      scope: "user_activity",
      url: receiver.url("/killed"),
      hook_id: "kept",
    });
    // One that has failed twice and waits for an EventBridge schedule …
    await first.call("POST", "/events", eventJson({ id: "waiting" }));
    await until(() => idsAt("/killed").length === 2);
    await until(
      async () => (await first.call("GET", "/deliveries?hook_id=kept")).body.items[0]?.attempts.length === 2,
    );
    // … and many that were accepted a moment ago.
    const accepted = Array.from({ length: 60 }, (_, n) => `fresh-${n}`);
    isUp = true;
    const events = accepted.map((id) => eventJson({ id })).join();
    expect((await first.call("POST", "/events/batch", `{"events":[${events}]}`)).status).toBe(202);
    await first.kill();

    const second = await start();
    expect(second.apiKey).toBe(first.apiKey);
    expect((await second.call("GET", "/webhooks/kept")).status).toBe(200);
    const expected = new Set(["waiting", ...accepted]);
    await until(() => expected.difference(new Set(idsAt("/killed"))).size === 0);
    await until(async () => {
      const { body } = await second.call("GET", "/deliveries?hook_id=kept&status=delivered&limit=100");
      return body.items.length === expected.size;
    });
  });

  test("a clean stop lets what is under way end, and exits 0", async () => {
    let answered = false;
    const slow = await startReceiver(() => (_, response) => {
      setTimeout(function answer() {
        answered = true;
        response.end();
      }, SLOW_MS);
    });
    onTestFinished(() => slow.close());
    const idsSent = () => slow.requests.map(({ headers }) => headers["webhook-id"]);

    const first = await start();
    await first.call("POST", "/webhooks", { scope: "user_activity", url: slow.url(), hook_id: "slow" });
    await first.call("POST", "/events", eventJson({ id: "last" }));
    await slow.waitFor(1);
    expect(answered).toBe(false);
    expect(await first.stop()).toBe(0);
    expect(answered).toBe(true);
    expect(idsSent()).toEqual(["last"]);

    const second = await start();
    const { items } = (await second.call("GET", "/deliveries?hook_id=slow")).body;
    expect(items).toMatchObject([{ event_id: "last", status: "delivered", attempts: [{ status: 200 }] }]);
    // Whatever the first run had left behind would come no later than a new event.
    await second.call("POST", "/events", eventJson({ id: "new" }));
    await until(() => idsSent().includes("new"));
    expect(idsSent()).toEqual(["last", "new"]);
  });
});
