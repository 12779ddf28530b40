import { expect, test } from "vitest";
import { listOwners } from "../../shared/http/list-owners.ts";

const account = (webhooks: number) => async (_account: string, max: number) =>
  webhooks > max ? undefined : Array.from({ length: webhooks }, (_, n) => `hook-${n}`);

test("a list of all webhooks of an account with thousands of them is refused, rather than read for minutes", async () => {
  expect(await listOwners("acme", undefined, account(100))).toHaveLength(100);
  await expect(listOwners("acme", undefined, account(101))).rejects.toMatchObject({
    kind: "invalid",
    errors: [{ path: "hook_id", message: expect.stringContaining("more than 100 webhooks") }],
  });
  expect(await listOwners("acme", "one", account(101))).toEqual([{ account: "acme", hookId: "one" }]);
});
