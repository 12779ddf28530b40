import { useState } from "preact/hooks";
import { allWebhooks } from "../api.ts";
import { Badge } from "../components/badge.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { Icon } from "../components/icons.tsx";
import { Empty, Failure, Loading } from "../components/states.tsx";
import { plural } from "../format.ts";
import { useApi, useLoad } from "../hooks.ts";
import { linkTo } from "../router.ts";
import { scopeLabels } from "../scopes.ts";
import type { Webhook } from "../types.ts";
import { AssignDialog } from "./assign-dialog.tsx";

const SHOWN_URLS = 3;

/** The account's webhooks, and the way to a new one. */
export function WebhooksView() {
  const api = useApi();
  const { value: webhooks, problem, reload } = useLoad(() => allWebhooks(api), "");
  const [isAssigning, setAssigning] = useState(false);
  const assign = (
    <button type="button" class="primary" onClick={() => setAssigning(true)}>
      <Icon name="plus" />
      Assign webhook
    </button>
  );
  return (
    <>
      <div class="head">
        <div>
          <h1>Webhooks</h1>
          <p class="quiet">Who is told what your users do.</p>
        </div>
        {webhooks && webhooks.length > 0 && assign}
      </div>
      <Failure problem={problem} onRetry={reload} />
      {!webhooks && !problem && <Loading label="Loading webhooks" />}
      {webhooks?.length === 0 && (
        <Empty title="No webhook yet">
          <p>Name a URL of yours, and events of your campaigns are sent there, signed.</p>
          {assign}
        </Empty>
      )}
      {webhooks && webhooks.length > 0 && (
        <ul class="rows">
          {webhooks.map((webhook) => (
            <WebhookRow key={webhook.hook_id} webhook={webhook} />
          ))}
        </ul>
      )}
      {isAssigning && <AssignDialog onAssigned={reload} onClose={() => setAssigning(false)} />}
    </>
  );
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  const { hook_id, scope, urls, campaigns, status } = webhook;
  const hidden = urls.length - SHOWN_URLS;
  return (
    <li class="webhook-row">
      <Badge status={status} />
      <div class="what">
        <a class="mono strong covers" href={linkTo(["webhooks", hook_id])}>
          {hook_id}
        </a>
        <span class="quiet">
          {scopeLabels[scope]} ·{" "}
          {campaigns.length === 0 ? "all campaigns" : plural(campaigns.length, "campaign")}
        </span>
      </div>
      <ul class="urls">
        {urls.slice(0, SHOWN_URLS).map((url) => (
          <li key={url}>
            <Endpoint url={url} />
          </li>
        ))}
        {hidden > 0 && <li class="quiet">and {hidden} more</li>}
      </ul>
    </li>
  );
}
