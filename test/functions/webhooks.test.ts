import { beforeEach, expect, test } from "vitest";
import { createWebhooks } from "../../functions/webhooks/webhooks.ts";
import type { ApiRequest } from "../../shared/http/api.ts";
import { AT, aWebhook } from "../support/factories.ts";

/** What was done, in order. */
let done: string[];
beforeEach(() => {
  done = [];
});

const request = (body: object = {}): ApiRequest => ({
  ...{ account: "acme", path: { hook_id: "hook" }, query: {}, headers: {} },
  text: () => JSON.stringify(body),
  json: (schema) => schema.parse(body),
  jsonOrNothing: (schema) => schema.parse(body),
});

/** @param outcome of every write */
function webhooks(outcome: boolean | Error) {
  async function write(what: string) {
    await new Promise(setImmediate);
    done.push(what);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }
  return createWebhooks({
    ...{ endpointRules: { allowPrivate: false, ports: [443] }, now: () => new Date(AT), newId: () => "id" },
    ...{ claim: async () => true, release: async () => {} },
    renewVersion: async (account) => void done.push(`version of ${account}`),
    renewSendingVersion: async (account) => void done.push(`sending version of ${account}`),
    webhooks: {
      create: () => write("create"),
      change: async () => ((await write("change")) ? aWebhook() : undefined),
      remove: () => write("remove"),
      find: async () => aWebhook(),
      page: async () => ({ items: [] }),
      replaceSecrets: () => write("secrets"),
    },
  });
}
type Handlers = ReturnType<typeof webhooks>;

const writes: [string, string, (handlers: Handlers) => Promise<unknown>][] = [
  [
    "create",
    "version of acme",
    ({ register }) => register(request({ scope: "referral", url: "https://example.com/" })),
  ],
  ["change", "version of acme", ({ change }) => change(request({ scope: "referral" }))],
  ["remove", "version of acme", ({ remove }) => remove(request())],
  ["secrets", "sending version of acme", ({ rotateSecret }) => rotateSecret(request())],
];

test.each(writes)(
  "%s: all are to know, by the %s, before the caller is answered",
  async (...[what, told, act]) => {
    await act(webhooks(true));
    expect(done).toEqual([what, told]);
  },
);

test.each(writes)(
  "%s that failed may have been done all the same: all are to look, by the %s",
  async (...[what, told, act]) => {
    await expect(act(webhooks(new Error("no answer")))).rejects.toThrow("no answer");
    expect(done).toEqual([what, told]);
  },
);

test.each(writes)(
  "%s that was refused changes nothing: nobody reads anything anew for it",
  async (what, _told, act) => {
    await expect(act(webhooks(false))).rejects.toThrow("webhook");
    expect(done).toEqual([what]);
  },
);
