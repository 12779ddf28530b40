import { createHash } from "node:crypto";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { nanoid } from "nanoid";
import { afterAll, inject } from "vitest";
import * as z from "zod";
import { openTarget, readOutputs } from "../../../infra/commands/target.ts";
import { createApiKeyTable } from "../../../shared/aws/api-key-table.ts";
import { type Answer, callApi } from "../../support/call-api.ts";
import { eventJson } from "../../support/factories.ts";
import { type Received, type Receiver, startReceiver } from "../../support/receiver.ts";

/** What `npm run test:e2e` was asked to test. */
export const acceptanceTarget = z.object({
  url: z.url(),
  apiKey: z.string(),
  /** Of a stack, on AWS or an emulator. Without, only the API is known. */
  stage: z.string().optional(),
  /** How the target reaches the receivers of this suite; where they listen, unless told. */
  receiver: z.url().optional(),
  listen: z.object({ host: z.string(), port: z.number() }),
  retryDelaysSeconds: z.array(z.number()),
  scheduleFromSeconds: z.number(),
});
export type AcceptanceTarget = z.infer<typeof acceptanceTarget>;

declare module "vitest" {
  interface ProvidedContext {
    target: AcceptanceTarget;
  }
}

export const target = inject("target");

/** Of a test that waits for a whole run of attempts: the delays, each up to a minute late, and some for the way. */
export const wholeRunMs = (target.retryDelaysSeconds.reduce((sum, delay) => sum + delay, 0) + 60) * 1_000;
/** For what should be there in a moment, on a machine that has other work. */
export const MOMENT_MS = 30_000;

export const call = (
  method: string,
  path: string,
  body?: unknown,
  key: string | null = target.apiKey,
): Promise<Answer> => callApi(target.url + path, method, body, key);

export type Webhook = { hook_id: string; secret: string; urls: string[] };

/**
 * A receiver, and webhooks that lead to it. Each test has a campaign of its own, so that tests side by side, and whatever else the account has,
 * do not see each other's events. What was registered is removed in the end.
 */
export async function startStory(answer?: Parameters<typeof startReceiver>[0]) {
  const receiver: Receiver = await startReceiver(answer, undefined, target.listen);
  const registered: string[] = [];
  const urlOf = (path: string) => (target.receiver ?? receiver.url("")) + path;
  afterAll(async () => {
    for (const hookId of registered) await call("DELETE", `/webhooks/${hookId}`);
    await receiver.close();
  });

  return {
    urlOf,
    arrivedAt: (path: string): Received[] => receiver.requests.filter((request) => request.path === path),
    async register(campaign: string, paths: readonly string[], fields: Record<string, unknown> = {}) {
      const wanted = { scope: "user_activity", campaigns: [campaign], url: paths.map(urlOf), ...fields };
      const { status, body } = await call("POST", "/webhooks", wanted);
      if (status !== 201) throw new Error(`Not registered: ${status} ${JSON.stringify(body)}`);
      registered.push(body.hook_id);
      return body as Webhook;
    },
  };
}

export const newCampaign = () => nanoid(10);

/** An event of a campaign, as text. */
export const anEvent = (campaign: string, fields: Record<string, unknown> = {}) =>
  eventJson({ id: undefined, campaign: { id: campaign, name: "Acceptance" }, ...fields });

/** What is behind the API, for those who may look: credentials of AWS, or the emulator's. */
export async function openStack(stage: string) {
  const opened = await openTarget(stage);
  const { EventBusName, ApiKeysTable } = readOutputs(opened, await opened.outputs(), {
    EventBusName: z.string(),
    ApiKeysTable: z.string(),
  });
  const hash = createHash("sha256").update(target.apiKey).digest("hex");
  const key = await createApiKeyTable(opened.dynamoDb, ApiKeysTable).find(hash);
  if (!key) throw new Error(`Stage ${stage} does not know the key: make one with npm run keys.`);
  const bus = new EventBridgeClient();
  const scheduler = new SchedulerClient();
  return {
    /** @returns how many entries failed */
    async putOnBus(event: unknown): Promise<number | undefined> {
      const Detail = JSON.stringify({ account: key.account, event });
      const entry = { EventBusName, Source: "claimr", DetailType: "campaign event", Detail };
      return (await bus.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount;
    },
    async schedulesOf(deliveryId: string): Promise<string[]> {
      const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: deliveryId }));
      return Schedules.flatMap(({ Name }) => Name ?? []);
    },
  };
}
