import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAuthorize } from "../../functions/authorizer/authorize.ts";
import { type ApiKeyRecord, newApiKey } from "../../shared/domain/api-key.ts";
import { AT } from "../support/factories.ts";

const { key, record } = newApiKey({ account: "acme", roles: ["publisher"], now: new Date(AT) });

const admit = async () => undefined;

/** An authorizer over these records, and the hashes that it looked for. */
function authorizer(records: readonly ApiKeyRecord[] = [record]) {
  const sought: string[] = [];
  const authorize = createAuthorize({
    admit,
    keys: {
      async find(keyHash) {
        sought.push(keyHash);
        return records.find(({ key_hash }) => key_hash === keyHash);
      },
    },
  });
  return { authorize, sought };
}

describe("a key", () => {
  test.each([`Bearer ${key}`, `bearer ${key}`, `BEARER   ${key}`, ` Bearer ${key}  `])(
    "%j is let in",
    async (header) => {
      expect(await authorizer().authorize(header)).toEqual({
        keyId: record.key_id,
        account: "acme",
        roles: ["publisher"],
        retryAfterSeconds: undefined,
      });
    },
  );

  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    key,
    `Bearer${key}`,
    `Bearer\t${key}`,
    `Basic ${key}`,
    `Token ${key}`,
    `Bearer ${key},`,
    `Bearer ${key} x`,
    `Bearer "${key}"`,
    `Bearer ${key}, Bearer ${key}`,
    `Bearer x\nBearer ${key}`,
    `Bearer ${key.toUpperCase()}`,
    `Bearer ${key}\u0000`,
    `Bearer ${record.key_hash}`,
    `Bearer ${record.key_id}`,
    "Bearer schlüssel😀",
    "Bearer \ud800",
    `Bearer ${"x".repeat(1_000_000)}`,
    `Bearer ${" ".repeat(1_000_000)}`,
  ])("%.60j is not", async (header) => {
    const begunAt = performance.now();
    expect(await authorizer().authorize(header)).toBeUndefined();
    expect(performance.now() - begunAt).toBeLessThan(500);
  });

  test("of any other text is not either, and is looked for by its hash alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        const { authorize, sought } = authorizer();
        expect(await authorize(`Bearer ${text}`)).toBeUndefined();
        for (const hash of sought) expect(hash).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });

  test("that was revoked is refused like one that never was: after one look-up", async () => {
    const revoked = authorizer([{ ...record, revoked_at: AT }]);
    const unknown = authorizer([]);
    for (const { authorize, sought } of [revoked, unknown]) {
      expect(await authorize(`Bearer ${key}`)).toBeUndefined();
      expect(sought).toHaveLength(1);
    }
  });

  test("is not let in by the record of another one, should the look-up ever find it", async () => {
    const other = newApiKey({ account: "other", roles: ["publisher"], now: new Date(AT) }).record;
    for (const key_hash of [other.key_hash, "", record.key_hash.slice(1), `${record.key_hash}0`]) {
      const keys = { find: async () => ({ ...record, key_hash }) };
      const authorize = createAuthorize({ keys, admit });
      expect(await authorize(`Bearer ${key}`)).toBeUndefined();
    }
  });
});
