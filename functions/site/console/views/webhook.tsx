import { useState } from "preact/hooks";
import { Badge } from "../components/badge.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { Ago } from "../components/when.tsx";
import { useApi, useLoad } from "../hooks.ts";
import { linkTo } from "../router.ts";
import { scopeLabels } from "../scopes.ts";
import type { Webhook } from "../types.ts";
import { DeliveryList } from "./delivery-list.tsx";
import { TestArea } from "./test-area.tsx";
import { WebhookActions } from "./webhook-actions.tsx";

/** One webhook: what it is, a way to try it, and what was sent lately. */
export function WebhookView({ hookId }: { hookId: string }) {
  const api = useApi();
  const { value: webhook, problem, reload, set } = useLoad(() => api.webhook(hookId), hookId);
  const [status, setStatus] = useState("");
  return (
    <>
      <p class="crumb">
        <a href={linkTo(["webhooks"])}>Webhooks</a>
      </p>
      <div class="head">
        <div class="titled">
          <h1 class="mono">{hookId}</h1>
          {webhook && <Badge status={webhook.status} />}
        </div>
        {webhook && <WebhookActions webhook={webhook} onChanged={set} />}
      </div>
      {problem?.status === 404 ? (
        <p>
          There is no such webhook. <a href={linkTo(["webhooks"])}>Back to all webhooks</a>
        </p>
      ) : (
        <Failure problem={problem} onRetry={reload} />
      )}
      {!webhook && !problem && <Loading label="Loading webhook" />}
      {webhook && (
        <>
          <div class="columns">
            <Facts webhook={webhook} />
            <TestArea webhook={webhook} />
          </div>
          <DeliveryList hookId={hookId} status={status} onStatus={setStatus} title="Recent deliveries" />
        </>
      )}
    </>
  );
}

function Facts({ webhook }: { webhook: Webhook }) {
  const { scope, urls, disabled_urls, campaigns, created_at } = webhook;
  return (
    <section class="card" aria-label="Settings">
      <dl>
        <dt>Endpoints</dt>
        <dd>
          <ul class="urls">
            {urls.map((url) => (
              <li key={url}>
                <Endpoint url={url} />
                {disabled_urls.includes(url) && (
                  <span class="aside" title="Editing the URLs, or enabling the webhook, brings it back">
                    disabled: it answered 410 Gone
                  </span>
                )}
              </li>
            ))}
          </ul>
        </dd>
        <dt>Scope</dt>
        <dd>
          {scopeLabels[scope]} <span class="quiet mono">{scope}</span>
        </dd>
        <dt>Campaigns</dt>
        <dd class={campaigns.length > 0 ? "mono" : undefined}>
          {campaigns.length === 0 ? "All" : campaigns.join(", ")}
        </dd>
        <dt>Secret</dt>
        <dd class="quiet">Shown once, when it was made</dd>
        <dt>Assigned</dt>
        <dd>
          <Ago iso={created_at} />
        </dd>
      </dl>
    </section>
  );
}
