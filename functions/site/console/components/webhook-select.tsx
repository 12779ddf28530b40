import { allWebhooks } from "../api.ts";
import { useApi, useLoad } from "../hooks.ts";
import { SelectField } from "./field.tsx";

interface WebhookSelectProps {
  value: string;
  /** What stands for no choice. */
  none: string;
  onChange: (hookId: string) => void;
}

/** A choice among the account's webhooks. One that is gone stays in it while it is chosen: its deliveries are there. */
export function WebhookSelect({ value, none, onChange }: WebhookSelectProps) {
  const api = useApi();
  const { value: webhooks = [] } = useLoad(() => allWebhooks(api), "");
  const ids = new Set([...webhooks.map(({ hook_id }) => hook_id), ...(value ? [value] : [])]);
  return (
    <SelectField
      label="Webhook"
      value={value}
      options={[["", none], ...[...ids].map((id) => [id, id] as const)]}
      onChange={onChange}
    />
  );
}
