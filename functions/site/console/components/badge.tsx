import type { DeliveryStatus, Webhook } from "../types.ts";
import { Icon, type IconName } from "./icons.tsx";

export type Tone = "good" | "bad" | "waiting" | "quiet";

/** A status says itself three ways: by word, by shape and by colour. */
const looks: Record<DeliveryStatus | Webhook["status"] | "failed", [Tone, IconName, string]> = {
  delivered: ["good", "check", "Delivered"],
  undelivered: ["bad", "cross", "Undelivered"],
  failed: ["bad", "cross", "Failed"],
  retrying: ["waiting", "again", "Retrying"],
  pending: ["waiting", "dots", "Pending"],
  cancelled: ["quiet", "stop", "Cancelled"],
  active: ["good", "check", "Active"],
  disabled: ["quiet", "stop", "Disabled"],
};

export function Badge({ status }: { status: keyof typeof looks }) {
  const [tone, icon, label] = looks[status];
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {label}
    </span>
  );
}
