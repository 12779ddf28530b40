/** What the API answers, as far as the console looks at it. */

export const scopes = ["user_activity", "user_reward", "referral", "user_login"] as const;
export type Scope = (typeof scopes)[number];

export interface Webhook {
  readonly hook_id: string;
  readonly scope: Scope;
  readonly urls: readonly string[];
  readonly disabled_urls: readonly string[];
  readonly campaigns: readonly string[];
  readonly status: "active" | "disabled";
  readonly created_at: string;
  readonly updated_at: string;
}

export interface WebhookInput {
  readonly hook_id: string;
  readonly scope: Scope;
  readonly url: readonly string[];
  readonly campaigns: readonly string[];
  readonly secret?: string;
}

export type WebhookChange = Partial<Pick<WebhookInput, "scope" | "url" | "campaigns">> & {
  readonly status?: Webhook["status"];
};

export interface WithSecret extends Webhook {
  readonly secret: string;
}

export const deliveryStatuses = ["pending", "retrying", "delivered", "undelivered", "cancelled"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export interface Attempt {
  readonly number: number;
  readonly due_at: string;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly response: string | null;
}

export interface Delivery {
  readonly id: string;
  readonly hook_id: string;
  readonly url: string;
  readonly event_id: string;
  readonly scope: Scope;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attempts: readonly Attempt[];
  readonly next_attempt_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface UndeliveredWithBody extends Delivery {
  readonly body: string;
}

export interface TestResult {
  readonly url: string;
  readonly delivered: boolean;
  readonly status: number | null;
  readonly duration_ms: number;
  readonly error: string | null;
}

export interface TestReport {
  readonly id: string;
  readonly results: readonly TestResult[];
}

export interface Job {
  readonly job_id: string;
  readonly hook_id: string;
  readonly status: "running" | "done" | "cancelled";
  /** Null: too many to count in time. */
  readonly matched: number | null;
  readonly redelivered: number;
  /** Those that could not be sent, as their endpoint is gone or disabled. */
  readonly skipped?: number;
}

export interface Range {
  readonly hook_id: string;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}
