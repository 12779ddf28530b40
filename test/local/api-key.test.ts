import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provideApiKey } from "../../infra/local/api-key.ts";
import { StartFailure } from "../../infra/local/failure.ts";
import { type ApiKeyTable, createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { hashApiKey } from "../../shared/domain/api-key.ts";
import { startServices } from "../support/services.ts";
import { temporaryFolder } from "./support.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let table: ApiKeyTable;

beforeAll(async () => {
  services = await startServices();
  table = createApiKeyTable(services.dynamoDb, services.table("StorageApiKeys"));
});
afterAll(() => services.stop());

/** What a start does about the key. */
const start = (dataDir: string, apiKey?: string) => provideApiKey({ dataDir, apiKey }, table);

async function revoke(key: string) {
  const record = await table.find(hashApiKey(key));
  await table.revoke(record?.key_id ?? "", new Date());
}

describe("the demo account's key", () => {
  test("is made at the first start and remembered", async () => {
    const dataDir = temporaryFolder();
    const key = await start(dataDir);
    expect(await table.find(hashApiKey(key))).toMatchObject({
      account: "demo",
      roles: ["integrator", "publisher"],
    });
    expect(await start(dataDir)).toBe(key);
  });

  test("is a new one, and that is remembered, after it was revoked", async () => {
    const dataDir = temporaryFolder();
    const first = await start(dataDir);
    await revoke(first);
    const second = await start(dataDir);
    expect(second).not.toBe(first);
    expect((await table.find(hashApiKey(second)))?.revoked_at).toBeUndefined();
    expect((await table.find(hashApiKey(first)))?.revoked_at).toBeDefined();
    expect(await start(dataDir)).toBe(second);
  });

  test("is not what LOCAL_API_KEY gives once that was revoked: the start fails in one sentence", async () => {
    const dataDir = temporaryFolder();
    expect(await start(dataDir, "given")).toBe("given");
    await revoke("given");
    const refusal = await start(dataDir, "given").catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StartFailure);
    expect(refusal).toHaveProperty("message", "LOCAL_API_KEY was revoked: set another, or none.");
  });
});
