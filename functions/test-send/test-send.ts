import type { Exchange } from "../../shared/domain/delivery.ts";
import { sampleEvent, testInput } from "../../shared/domain/sample-event.ts";
import { type SignedRequest, signedRequest } from "../../shared/domain/signed-request.ts";
import { liveSecrets, type Webhook } from "../../shared/domain/webhook.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { hookIdOf, noSuchWebhook } from "../../shared/http/hook-id.ts";

export interface TestSendDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly findWebhook: (account: string, hookId: string) => Promise<Webhook | undefined>;
  readonly send: (request: SignedRequest) => Promise<Exchange>;
}

/**
 * Sends a complete sample event to every endpoint of a webhook: now, once, side by side, as a real attempt
 * would be. It is sent even if the webhook is disabled, so that one can see that it works before enabling it.
 * Nothing is recorded.
 */
export function createTestSend(deps: TestSendDeps) {
  async function sendTo(url: string, secrets: readonly string[], event: { id: string; body: string }) {
    const { status, error, durationMs } = await deps.send(signedRequest(url, secrets, event, deps.now()));
    return { url, delivered: error === null, status, duration_ms: durationMs, error };
  }

  return async function testSend(request: ApiRequest): Promise<ApiAnswer> {
    const { user } = request.json(testInput);
    const webhook = await deps.findWebhook(request.account, hookIdOf(request));
    if (!webhook) throw noSuchWebhook();
    const id = deps.newId();
    const body = JSON.stringify({ id, ...sampleEvent(webhook.scope, user) });
    const secrets = liveSecrets(webhook, new Date(deps.now()));
    const results = await Promise.all(webhook.urls.map((url) => sendTo(url, secrets, { id, body })));
    return { status: 200, body: { id, results } };
  };
}
