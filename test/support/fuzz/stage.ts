import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { clientOptions } from "../../../infra/local/settings.ts";
import { hashApiKey } from "../../../shared/domain/api-key.ts";
import { scopes } from "../../../shared/domain/event.ts";
import { eventJson } from "../factories.ts";
import { type LocalRun, startLocalRun, until } from "../local-run.ts";
import { type Receiver, startReceiver } from "../receiver.ts";

export type Pools = Map<string, string[]>;
export type Stage = Awaited<ReturnType<typeof startStage>>;

/** Stands in everything that is another account's, and in nothing else. */
export const VICTIM_MARK = "vzq7-not-yours";
/** A list of all of them asks for each of them. */
const MAX_WEBHOOKS = 6;
const ANSWERS: Readonly<Record<string, number>> = { "/down": 500, "/gone": 410, [`/${VICTIM_MARK}`]: 503 };

const list = z.object({
  items: z.array(z.looseObject({ id: z.string().optional(), hook_id: z.string() })),
  next_cursor: z.string().nullable(),
});

/** The local run with something of everything in it, and of another account too, whose things are not to be had. */
export async function startStage() {
  const receiver = await startReceiver(({ path }) => ({ status: ANSWERS[path] ?? 200 }));
  const local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1", ALLOW_PRIVATE_ENDPOINTS: "true" });
  const keys = await makeKeys(local);
  const pools: Pools = new Map([
    ["receiver", [receiver.url("").replace(/\/$/, "")]],
    ...Object.entries(keys).map(([name, key]): [string, string[]] => [`key_${name}`, [key]]),
  ]);

  const call = (method: string, path: string, body?: unknown, key = keys.both) =>
    local.call(method, path, body, key);
  const victims = (path: string) => call("GET", path, undefined, keys.victim);

  /** As many webhooks as a few, with endpoints of every kind; what the requests have made beyond these goes. */
  async function tidy(): Promise<void> {
    const found = list.parse((await call("GET", "/webhooks?limit=100")).body);
    const wanted = scopes.map((scope, n) => ({ hook_id: `fuzz-${n}`, scope }));
    const surplus = found.items.filter(({ hook_id }) => !wanted.some((base) => base.hook_id === hook_id));
    for (const { hook_id } of surplus.slice(MAX_WEBHOOKS - wanted.length))
      await call("DELETE", `/webhooks/${hook_id}`);
    for (const { hook_id, scope } of wanted) {
      const url = ["/up", "/down"].map((path) => receiver.url(path));
      if (hook_id === "fuzz-3") url.push(receiver.url("/gone"));
      const { status } = await call("POST", "/webhooks", { hook_id, scope, url });
      if (status === 409) await call("PATCH", `/webhooks/${hook_id}`, { scope, url, status: "active" });
    }
  }

  /** Takes note of what there is now, so that requests can name it. */
  async function refresh(): Promise<void> {
    await tidy();
    for (const name of ["webhooks", "deliveries", "undelivered"]) {
      const page = list.parse((await call("GET", `/${name}?limit=5`)).body);
      pools.set(
        name,
        page.items.map(({ id, hook_id }) => id ?? hook_id),
      );
      if (page.next_cursor !== null) pools.set(`cursor_${name}`, [page.next_cursor]);
    }
    const range = { hook_id: "fuzz-0", until: "2020-01-01T00:00:00Z" };
    const { job_id } = (await call("POST", "/undelivered/redeliver", range)).body;
    pools.set("jobs", [job_id]);
  }

  async function prepareVictim(): Promise<void> {
    const url = receiver.url(`/${VICTIM_MARK}`);
    const webhook = { hook_id: "victim", scope: "user_activity", url, campaigns: [VICTIM_MARK] };
    await call("POST", "/webhooks", webhook, keys.victim);
    const campaign = { id: VICTIM_MARK, name: VICTIM_MARK };
    await call("POST", "/events", eventJson({ id: VICTIM_MARK, campaign }), keys.victim);
    const row = await until(async () => list.parse((await victims("/undelivered")).body).items[0]);
    const range = { hook_id: "victim", until: "2020-01-01T00:00:00Z" };
    const job = (await call("POST", "/undelivered/redeliver", range, keys.victim)).body.job_id;
    const page = await victims("/deliveries?limit=1");
    pools.set("victim_webhooks", ["victim"]);
    pools.set("victim_deliveries", [list.parse(page.body).items[0]?.id ?? ""]);
    pools.set("victim_undelivered", [row.id ?? ""]);
    pools.set("victim_jobs", [job]);
  }

  /** All of the victim's things, to be compared. */
  async function victimState(): Promise<unknown> {
    const paths = ["/webhooks", "/deliveries", "/undelivered", `/jobs/${pools.get("victim_jobs")?.[0]}`];
    return Promise.all(paths.map(async (path) => (await victims(path)).body));
  }

  await prepareVictim();
  for (const [n, scope] of scopes.entries()) {
    await tidy();
    await call("POST", "/events", eventJson({ id: `fuzz-first-${n}`, scope }));
  }
  await until(async () => list.parse((await call("GET", "/undelivered")).body).items.length >= 2);
  await refresh();

  return {
    ...{ local, receiver, keys, pools, refresh, victimState, journey: () => journey(local, receiver, call) },
    deadLetters: () => countDeadLetters(local),
    async stop(): Promise<void> {
      await Promise.all([local.stop(), receiver.close()]);
    },
  };
}

async function makeKeys(local: LocalRun) {
  const make = async (account: string, ...names: string[]) => {
    const given = names.flatMap((role) => ["--role", role]);
    return (await local.keys("create", "--account", account, ...given)).stdout.trim();
  };
  const [both, integrator, publisher, stranger, revoked, victim] = await Promise.all([
    make("fuzz", "integrator", "publisher"),
    make("fuzz", "integrator"),
    make("fuzz", "publisher"),
    make("stranger", "integrator", "publisher"),
    make("fuzz", "integrator", "publisher"),
    make("victim", "integrator", "publisher"),
  ]);
  await local.keys("revoke", `key_${hashApiKey(revoked).slice(0, 12)}`);
  return { both, integrator, publisher, stranger, revoked, victim };
}

/** Register, publish, receive with a signature that holds, find it in the log. */
async function journey(
  local: LocalRun,
  receiver: Receiver,
  call: (method: string, path: string, body?: unknown) => ReturnType<LocalRun["call"]>,
): Promise<void> {
  const hook_id = `journey-${Date.now()}`;
  const webhook = { hook_id, scope: "referral", url: receiver.url("/journey"), campaigns: [hook_id] };
  const { secret } = (await call("POST", "/webhooks", webhook)).body;
  const body = eventJson({ id: hook_id, scope: "referral", campaign: { id: hook_id, name: "" } });
  await call("POST", "/events", body);
  const arrived = await until(
    () =>
      receiver.requests.find(({ path, headers }) => path === "/journey" && headers["webhook-id"] === hook_id),
    60_000,
  );
  new Webhook(secret).verify(
    arrived.body,
    Object.fromEntries(Object.entries(arrived.headers).map(([n, v]) => [n, String(v)])),
  );
  if (arrived.body.toString() !== body) throw new Error("The body came otherwise than it was published");
  const logged = `/deliveries?hook_id=${hook_id}&status=delivered`;
  await until(async () => list.parse((await call("GET", logged)).body).items.length === 1);
  if ((await fetch(`${local.url}/health`)).status !== 200) throw new Error("/health is not 200");
}

/** Messages that our side could not handle: none, whatever was published. */
async function countDeadLetters({ services }: LocalRun): Promise<number> {
  const client = new SQSClient(clientOptions(services.sqs));
  const urls = Object.entries(services.queues).filter(([name]) => /dlq|dead/i.test(name));
  if (urls.length === 0) throw new Error("The run has no dead-letter queue");
  const counts = await Promise.all(
    urls.map(async ([, QueueUrl]) => {
      const names = ["ApproximateNumberOfMessages" as const];
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    }),
  );
  client.destroy();
  return counts.reduce((sum, count) => sum + count, 0);
}
