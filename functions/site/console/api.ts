import { Problem, readProblem } from "./problem.ts";
import type {
  Delivery,
  Job,
  Page,
  Range,
  TestReport,
  UndeliveredWithBody,
  Webhook,
  WebhookChange,
  WebhookInput,
  WithSecret,
} from "./types.ts";

type Query = Readonly<Record<string, string | number | null | undefined>>;
type Method = "GET" | "POST" | "PATCH" | "DELETE";

/**
 * The REST API, as one key sees it. Paths are relative to the page, which lies beside them, under whatever prefix.
 * @param onUnauthorized called when the key is no longer good
 */
export function createApi(key: string, onUnauthorized: (problem: Problem) => void) {
  async function call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const response = await fetch(path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new Problem(0, "The API cannot be reached. Check your connection, and try again.");
    });
    if (!response.ok) {
      const problem = await readProblem(response);
      if (problem.status === 401) onUnauthorized(problem);
      throw problem;
    }
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }

  const webhook = (hookId: string) => `webhooks/${encodeURIComponent(hookId)}`;
  const undelivered = (id: string) => `undelivered/${encodeURIComponent(id)}`;
  const job = (id: string) => `jobs/${encodeURIComponent(id)}`;

  return {
    webhooks: (query: Query = {}) => call<Page<Webhook>>("GET", `webhooks${toSearch(query)}`),
    webhook: (hookId: string) => call<Webhook>("GET", webhook(hookId)),
    assign: (input: WebhookInput) => call<WithSecret>("POST", "webhooks", input),
    change: (hookId: string, change: WebhookChange) => call<Webhook>("PATCH", webhook(hookId), change),
    remove: (hookId: string) => call<void>("DELETE", webhook(hookId)),
    rotate: (hookId: string, body: { secret?: string; overlap_seconds: number }) =>
      call<WithSecret>("POST", `${webhook(hookId)}/secret`, body),
    test: (hookId: string, user: string) => call<TestReport>("POST", `${webhook(hookId)}/test`, { user }),

    deliveries: (query: Query) => call<Page<Delivery>>("GET", `deliveries${toSearch(query)}`),
    delivery: (id: string) => call<Delivery>("GET", `deliveries/${encodeURIComponent(id)}`),

    undelivered: (query: Query) => call<Page<Delivery>>("GET", `undelivered${toSearch(query)}`),
    lookInside: (id: string) => call<UndeliveredWithBody>("GET", undelivered(id)),
    redeliver: (id: string) => call<{ id: string }>("POST", `${undelivered(id)}/redeliver`),
    discard: (id: string) => call<void>("DELETE", undelivered(id)),
    redeliverRange: (range: Range & { dry_run?: boolean }) =>
      call<{ job_id: string | null; matched: number | null }>("POST", "undelivered/redeliver", range),
    job: (id: string) => call<Job>("GET", job(id)),
    cancelJob: (id: string) => call<void>("DELETE", job(id)),
  };
}

export type Api = ReturnType<typeof createApi>;

/** Every webhook of the account: there are few, and a choice among them should show all. */
export async function allWebhooks(api: Api): Promise<readonly Webhook[]> {
  const all: Webhook[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Webhook> = await api.webhooks({ limit: 100, cursor });
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}

/** `?a=1&b=2`, without what is empty. */
export function toSearch(query: Query): string {
  const given = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return given.length === 0
    ? ""
    : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
