import type { EndpointRules } from "../../shared/domain/endpoint-rules.ts";
import { Problem, parseInput, TooMany } from "../../shared/domain/problem.ts";
import { newSecret } from "../../shared/domain/secret.ts";
import {
  hookId,
  rotateSecrets,
  type Webhook,
  type WebhookChange,
  webhookView,
} from "../../shared/domain/webhook.ts";
import { secretRotation, webhookInput, webhookPatch } from "../../shared/domain/webhook-input.ts";
import { written } from "../../shared/domain/written.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { hookIdOf, noSuchWebhook } from "../../shared/http/hook-id.ts";
import { cursorOf } from "../../shared/http/paging.ts";
import { webhookQuery } from "../../shared/http/queries.ts";

export interface WebhooksDeps {
  readonly endpointRules: EndpointRules;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Takes one of the webhooks that an account may have; false when it has them all. */
  readonly claim: (account: string) => Promise<boolean>;
  readonly release: (account: string) => Promise<void>;
  /** Has fan-out and sending read the account's webhooks anew from the next event on. */
  readonly renewVersion: (account: string) => Promise<void>;
  /** Has sending alone do so. */
  readonly renewSendingVersion: (account: string) => Promise<void>;
  readonly webhooks: {
    create(registered: Webhook): Promise<boolean>;
    find(account: string, hookId: string): Promise<Webhook | undefined>;
    page(account: string, limit: number, after?: string): Promise<{ items: Webhook[]; last?: string }>;
    change(account: string, hookId: string, fields: WebhookChange): Promise<Webhook | undefined>;
    replaceSecrets(before: Webhook, secrets: Webhook["secrets"], updatedAt: string): Promise<boolean>;
    remove(account: string, hookId: string): Promise<boolean>;
  };
}

const cursor = cursorOf(hookId);

/** Time passing makes no room; but a place that a crash has lost is found by then. */
const FULL_RETRY_AFTER_SECONDS = 60;

const taken = (hook_id: string) =>
  new Problem("conflict", `There is a webhook ${hook_id} already`, [
    { path: "hook_id", message: "is taken" },
  ]);

/** Registers, shows, changes and removes an account's webhooks. */
export function createWebhooks({ webhooks, ...deps }: WebhooksDeps) {
  const input = webhookInput(deps.endpointRules);
  const patch = webhookPatch(deps.endpointRules);

  const listWritten = <Done>(account: string, write: Promise<Done>) =>
    written(write, () => deps.renewVersion(account));

  return {
    async register(request: ApiRequest): Promise<ApiAnswer> {
      const given = request.json(input);
      const now = deps.now().toISOString();
      const secret = given.secret ?? newSecret();
      const registered: Webhook = {
        account: request.account,
        hook_id: given.hook_id ?? deps.newId(),
        registration: deps.newId(),
        scope: given.scope,
        urls: given.url,
        disabled_urls: [],
        slow_urls: [],
        campaigns: given.campaigns ?? [],
        status: "active",
        secrets: [{ secret }],
        created_at: now,
        updated_at: now,
      };
      if (!(await deps.claim(request.account))) {
        // A client that lost the answer to its last place asks again, and need not wait to be told.
        if (given.hook_id !== undefined && (await webhooks.find(request.account, given.hook_id)))
          throw taken(given.hook_id);
        throw new TooMany(
          "This account has as many webhooks as it may: only deleting one makes room",
          FULL_RETRY_AFTER_SECONDS,
        );
      }
      if (!(await listWritten(request.account, webhooks.create(registered)))) {
        await deps.release(request.account);
        throw taken(registered.hook_id);
      }
      // The one time that the secret is shown.
      return { status: 201, body: { ...webhookView(registered), secret } };
    },

    async list({ account, query }: ApiRequest): Promise<ApiAnswer> {
      const { limit, cursor: after } = parseInput(webhookQuery, query);
      const { items, last } = await webhooks.page(account, limit, cursor.read(after));
      return { status: 200, body: { items: items.map(webhookView), next_cursor: cursor.write(last) } };
    },

    async show(request: ApiRequest): Promise<ApiAnswer> {
      const found = await webhooks.find(request.account, hookIdOf(request));
      if (!found) throw noSuchWebhook();
      return { status: 200, body: webhookView(found) };
    },

    async change(request: ApiRequest): Promise<ApiAnswer> {
      const { scope, url: urls, campaigns, status } = request.json(patch);
      const { account } = request;
      const changing = webhooks.change(account, hookIdOf(request), {
        ...(scope && { scope }),
        ...(urls && { urls }),
        ...(campaigns && { campaigns }),
        ...(status && { status }),
        updated_at: deps.now().toISOString(),
      });
      const changed = await listWritten(account, changing);
      if (!changed) throw noSuchWebhook();
      return { status: 200, body: webhookView(changed) };
    },

    /** A new secret at once; the ones so far sign beside it until the overlap ends. */
    async rotateSecret(request: ApiRequest): Promise<ApiAnswer> {
      const { secret = newSecret(), overlap_seconds } = request.jsonOrNothing(secretRotation);
      const found = await webhooks.find(request.account, hookIdOf(request));
      if (!found) throw noSuchWebhook();
      const now = deps.now();
      const secrets = rotateSecrets(found.secrets, secret, overlap_seconds, now);
      const replacing = webhooks.replaceSecrets(found, secrets, now.toISOString());
      if (!(await written(replacing, () => deps.renewSendingVersion(request.account)))) {
        throw new Problem("conflict", "The webhook's secret was changed at the same moment; try again");
      }
      const view = webhookView({ ...found, updated_at: now.toISOString() });
      return {
        status: 200,
        body: { ...view, secret, old_secrets_expire_at: secrets[1]?.expires_at ?? null },
      };
    },

    async remove(request: ApiRequest): Promise<ApiAnswer> {
      const { account } = request;
      if (!(await listWritten(account, webhooks.remove(account, hookIdOf(request))))) throw noSuchWebhook();
      await deps.release(account);
      return { status: 204 };
    },
  };
}
