import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTableCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createRestore } from "../../infra/commands/restore/write.ts";
import { readStored, readStoredUndelivered, storedForm } from "../../shared/aws/stored-delivery.ts";
import type { Delivery } from "../../shared/domain/delivery.ts";
import { AT, aDelivery, aWebhook, eventJson } from "../support/factories.ts";
import { allItems, type IdleStage, startIdleStage } from "../support/idle-stage.ts";
import { run, startLocalRun, until } from "../support/local-run.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryFolder } from "./support.ts";

const commandAt = (PORT: string, name: string, ...args: string[]) =>
  run([`infra/commands/${name}/main.ts`, ...args], { PORT });

describe("a mistake in the call is told in one sentence, with the usage, before it connects", () => {
  test.each([
    ["backup", "", "--out is missing: the folder to make"],
    ["backup", "folder", 'Nothing to do with "folder"'],
    ["backup", "--out x --mb-per-second fast", "--mb-per-second must be a number from 1 to 1000"],
    ["restore", "", "Restore what?"],
    ["restore", "x y", 'Nothing to do with "y"'],
    ["restore", "x --from-table webhooks=table", "Restore what?"],
    [
      "restore",
      "--from-table hooks=table",
      "--from-table must be one of api-keys, webhooks, deliveries, undelivered, =",
    ],
    ["restore", "x --per-second 0", "--per-second must be a whole number from 1 to 10000"],
  ])("%s %s: %s", async (name, args, message) => {
    const { code, stdout, stderr } = await commandAt("1", name, ...args.split(" ").filter(Boolean));
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain(`npm run ${name}`);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

const table = {
  "api-keys": "StorageApiKeys",
  webhooks: "StorageWebhooks",
  deliveries: "StorageDeliveries",
  undelivered: "StorageUndelivered",
} as const;
type Kind = keyof typeof table;
const put = (stage: IdleStage, kind: Kind, Item: Record<string, unknown>) =>
  stage.dynamoDb.send(new PutCommand({ TableName: stage.table(table[kind]), Item }));
const itemsOf = (stage: IdleStage, kind: Kind) => allItems(stage.dynamoDb, stage.table(table[kind]));
const isUsage = ({ pk }: Record<string, unknown>) => String(pk).startsWith("usage#");
/** As DynamoDB has them. */
const rawItemsOf = async (stage: IdleStage, kind: Kind) =>
  (await stage.dynamoDb.send(new ScanCommand({ TableName: stage.table(table[kind]) }))).Items ?? [];
const tablesOf = (stage: IdleStage) => ({
  deliveries: stage.table(table.deliveries),
  undelivered: stage.table(table.undelivered),
});
/** Without what is stored for the moment. */
const deliveriesOf = async (stage: IdleStage) =>
  (await itemsOf(stage, "deliveries")).filter((item) => !isUsage(item));

const key = {
  ...{ key_hash: "ab12", key_id: "key_ab12", account: "acme", roles: ["publisher"], created_at: AT },
  large: 12345678901234567890n,
};
const { disabled_urls: _, ...active } = aWebhook();
const hook = { ...active, disabled_urls: new Set(["https://b.example", "https://a.example"]) };
const givenUp = aDelivery({ status: "undelivered", reason: "all 5 attempts failed", next_attempt_at: null });
const [lean, spelledOut] = [storedForm(true), storedForm(false)];
const rowKey = { pk: "acme#hook#1", sk: `${AT}#${givenUp.id}` };
const row = {
  ...{ ...rowKey, ...lean(givenUp) },
  body: eventJson({ note: "one\u2028two\u2029three\r\nfour" }),
};
const recordKey = { pk: givenUp.id, sk: "delivery" };
const record = { ...recordKey, ...lean(givenUp) };
const earlier: Delivery = {
  ...givenUp,
  ...{ status: "retrying", reason: null, updated_at: "2026-11-23T11:59:00.000Z" },
};
const later: Delivery = { ...givenUp, updated_at: "2026-11-23T12:01:00.000Z" };
const delivered: Delivery = { ...givenUp, status: "delivered", reason: null };
const ledger = {
  pk: "ledger#acme#fan-out#1",
  sk: AT,
  endpoints: new Uint8Array([0, 255, 10]),
  expires_at: 9_999_999_999,
};
const expired = { pk: "dlv_old", sk: "delivery", expires_at: 1 };
const counter = { pk: "usage#acme#webhooks", sk: "count", webhooks: 7 };

describe("a backup", () => {
  let stage: IdleStage;
  let empty: IdleStage;
  let folder: string;
  const backUp = (...args: string[]) => stage.command("backup", "--out", folder, ...args);
  beforeAll(async () => {
    [stage, empty] = await Promise.all([startIdleStage(), startIdleStage()]);
    await put(stage, "api-keys", key);
    await put(stage, "webhooks", hook);
    await put(stage, "undelivered", row);
    for (const item of [record, ledger, expired, counter]) await put(stage, "deliveries", item);
  });
  afterAll(() => Promise.all([stage?.stop(), empty?.stop()]));
  const newFolder = () => {
    folder = join(temporaryFolder(), "backup");
  };
  async function clear(of: IdleStage) {
    for (const kind of Object.keys(table) as Kind[])
      for (const { pk, sk, account, hook_id, key_hash } of await itemsOf(of, kind)) {
        const Key =
          kind === "webhooks" ? { account, hook_id } : kind === "api-keys" ? { key_hash } : { pk, sk };
        await of.dynamoDb.send(new DeleteCommand({ TableName: of.table(table[kind]), Key }));
      }
  }

  test("comes back as it was, to the last digit, byte and set; only its owner can read it", async () => {
    newFolder();
    const made = await backUp("--with-log");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("deliveries: 3 items\n");
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    // They end a line for some tools, as did those of earlier backups for this one.
    const undelivered = join(folder, "undelivered.ndjson");
    expect(readFileSync(undelivered, "utf8")).not.toMatch(/[\u2028\u2029]/);
    const raw = readFileSync(undelivered, "utf8").replaceAll(/\\u202[89]/g, (code) =>
      JSON.parse(`"${code}"`),
    );
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const manifest = readFileSync(join(folder, "manifest.json"), "utf8");
    const was = sha256(readFileSync(undelivered, "utf8"));
    expect(manifest).toContain(was);
    writeFileSync(undelivered, raw);
    writeFileSync(join(folder, "manifest.json"), manifest.replace(was, sha256(raw)));
    expect((await backUp()).stderr).toBe(`${folder} is there already: give a new folder for each backup.\n`);

    await put(empty, "deliveries", { ...counter, webhooks: 0 });
    const first = await empty.command("restore", folder);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain(
      "deliveries: 2 restored, 0 there already, 0 moved on since, 1 expired, 0 under way\n",
    );
    expect(first.stdout).toContain("undelivered: 1 restored");
    for (const kind of ["api-keys", "webhooks", "undelivered"] as const)
      expect(await itemsOf(empty, kind)).toEqual(await itemsOf(stage, kind));
    expect(await deliveriesOf(empty)).toEqual(
      (await deliveriesOf(stage)).filter(({ pk }) => pk !== expired.pk),
    );
    // No count, which would be wrong; and fan-out is to read the account's webhooks.
    expect((await itemsOf(empty, "deliveries")).filter(isUsage)).toMatchObject([
      { pk: counter.pk, sk: "version" },
    ]);
    const second = await empty.command("restore", folder);
    expect(second.stdout).toContain(
      "webhooks: 0 restored, 1 there already, 0 moved on since, 0 expired, 0 under way\n",
    );
  });

  test("what is newer stays; --replace puts webhooks back, opens no revoked key, and undoes no delivery", async () => {
    newFolder();
    await backUp();
    await clear(empty);
    const revoked = { ...key, revoked_at: AT };
    const changed = { ...hook, status: "disabled" };
    const redelivered = { ...record, status: "delivered" };
    await put(empty, "api-keys", revoked);
    await put(empty, "webhooks", changed);
    await put(empty, "deliveries", redelivered);
    const kept = await empty.command("restore", folder);
    expect(kept.stdout).toContain("undelivered: 0 restored, 0 there already, 1 moved on since");
    expect(await itemsOf(empty, "webhooks")).toEqual([changed]);
    const replaced = await empty.command("restore", folder, "--replace");
    expect(replaced.stdout).toContain("api-keys: 0 restored, 1 there already");
    expect(replaced.stdout).toContain("webhooks: 1 restored");
    expect(await itemsOf(empty, "webhooks")).toEqual([hook]);
    expect((await itemsOf(empty, "api-keys"))[0]).toHaveProperty("revoked_at");
    expect(await itemsOf(empty, "undelivered")).toEqual([]);
    expect(await deliveriesOf(empty)).toEqual([redelivered]);
  });

  test("a delivery read while under way and given up before its row was read comes back as given up, with its body", async () => {
    newFolder();
    const retrying = { ...recordKey, ...lean(earlier) };
    await put(stage, "deliveries", retrying);
    onTestFinished(async () => void (await put(stage, "deliveries", record)));
    await backUp("--with-log");
    for (const stored of [[], [retrying]]) {
      await clear(empty);
      for (const item of stored) await put(empty, "deliveries", item);
      const { stdout } = await empty.command("restore", folder);
      expect(stdout).toContain(
        "deliveries: 1 restored, 0 there already, 0 moved on since, 1 expired, 1 under way\n",
      );
      expect(stdout).toContain("undelivered: 1 restored");
      expect(await itemsOf(empty, "undelivered")).toEqual([row]);
      expect(await itemsOf(empty, "deliveries")).toContainEqual(record);
    }
  });

  test.each([
    ["lean, a delivery spelled out", lean, spelledOut],
    ["spelled out, a lean delivery", spelledOut, lean],
  ])("a row is %s: neither is taken for newer than it is", async (_, rowForm, recordForm) => {
    const tables = { "api-keys": "", webhooks: "", ...tablesOf(empty) };
    const restore = createRestore({ client: empty.dynamoDb, tables, replace: false, now: Date.now });
    onTestFinished(() => clear(empty));
    await clear(empty);
    await put(empty, "undelivered", { ...rowKey, ...rowForm(givenUp), body: "{}" });
    const [raw = {}] = await rawItemsOf(empty, "undelivered");
    const outcomes: Record<string, string> = {};
    for (const [name, of] of Object.entries({ none: undefined, earlier, same: givenUp, later, delivered })) {
      await clear(empty);
      if (of) await put(empty, "deliveries", { ...recordKey, ...recordForm(of) });
      outcomes[name] = await restore("undelivered", raw);
      const isNewer = of === later || of === delivered;
      expect((await deliveriesOf(empty)).map(readStored), name).toEqual([isNewer ? of : givenUp]);
      const rows = (await itemsOf(empty, "undelivered")).map(readStoredUndelivered);
      expect(rows, name).toEqual(isNewer ? [] : [{ ...givenUp, body: "{}" }]);
    }
    expect(outcomes).toEqual({
      ...{ none: "restored", earlier: "restored", same: "restored" },
      ...{ later: "moved on since", delivered: "moved on since" },
    });
  });

  test("deliveries under way are not restored: no queue would ever end them", async () => {
    newFolder();
    await clear(empty);
    const underWay = (["pending", "retrying"] as const).map((status) => ({
      ...aDelivery({ id: `dlv_${status}`, status }),
      ...{ pk: `dlv_${status}`, sk: "delivery" },
    }));
    for (const item of underWay) await put(stage, "deliveries", item);
    onTestFinished(async () => {
      for (const { pk, sk } of underWay)
        await stage.dynamoDb.send(
          new DeleteCommand({ TableName: stage.table(table.deliveries), Key: { pk, sk } }),
        );
    });
    await backUp("--with-log");
    const { stdout, code } = await empty.command("restore", folder);
    expect(stdout).toContain(
      "deliveries: 2 restored, 0 there already, 0 moved on since, 1 expired, 2 under way\n",
    );
    expect(code).toBe(0);
    expect((await itemsOf(empty, "deliveries")).map(({ pk }) => pk)).not.toContain("dlv_pending");
  });

  test.each<[string, string, (path: (name: string) => string) => void]>([
    ["without its manifest", "manifest.json: ENOENT", (path) => rmSync(path("manifest.json"))],
    [
      "of a later version",
      "version must be 1: use the version",
      (path) => {
        writeFileSync(
          path("manifest.json"),
          readFileSync(path("manifest.json"), "utf8").replace('"version": 1', '"version": 2'),
        );
      },
    ],
    [
      "with a changed file",
      "webhooks.ndjson is not the file that was written",
      (path) => writeFileSync(path("webhooks.ndjson"), "\n", { flag: "a" }),
    ],
    [
      "with a missing file",
      "ENOENT: no such file or directory",
      (path) => rmSync(path("undelivered.ndjson")),
    ],
  ])("%s is refused before anything is written", async (_, message, spoil) => {
    newFolder();
    await backUp();
    await clear(empty);
    spoil((name) => join(folder, name));
    const { code, stderr, stdout } = await empty.command("restore", folder);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(1);
    for (const kind of Object.keys(table) as Kind[]) expect(await itemsOf(empty, kind)).toEqual([]);
  });

  test("what DynamoDB recovered into another table is copied into the stage's own", async () => {
    await clear(empty);
    const TableName = "webhooks-as-of-noon";
    await empty.dynamoDb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [
          { AttributeName: "account", KeyType: "HASH" },
          { AttributeName: "hook_id", KeyType: "RANGE" },
        ],
        AttributeDefinitions: [
          { AttributeName: "account", AttributeType: "S" },
          { AttributeName: "hook_id", AttributeType: "S" },
        ],
      }),
    );
    const from = (kind: string, name: string) => empty.command("restore", "--from-table", `${kind}=${name}`);
    await until(async () => (await from("webhooks", TableName)).code === 0);
    await empty.dynamoDb.send(new PutCommand({ TableName, Item: hook }));
    const { stdout } = await from("webhooks", TableName);
    expect(stdout).toBe("webhooks: 1 restored, 0 there already, 0 moved on since, 0 expired, 0 under way\n");
    expect(await itemsOf(empty, "webhooks")).toEqual([hook]);

    const live = empty.table("StorageWebhooks");
    expect((await from("webhooks", live)).stderr).toContain(`${live} is the stage's own table`);
    expect((await from("webhooks", "nowhere")).stderr).toContain(
      "There is no table nowhere here: is it recovered",
    );
    expect((await from("undelivered", TableName)).stderr).toContain("its key is account,hook_id, not pk,sk.");
  });
});

test("a stage that lost its tables goes on from a backup: keys, secrets, and what was never delivered", async () => {
  let isDown = true;
  const receiver = await startReceiver(() => ({ status: isDown ? 500 : 200 }));
  const [before, after] = await Promise.all([startLocalRun({ RETRY_DELAYS_SECONDS: "1" }), startLocalRun()]);
  const portOf = ({ url }: typeof before) => new URL(url).port;
  const folder = join(temporaryFolder(), "backup");
  try {
    const roles = ["--role", "integrator", "--role", "publisher"];
    const apiKey = (await before.keys("create", "--account", "acme", ...roles)).stdout.trim();
    const call = (local: typeof before, method: string, path: string, body?: unknown) =>
      local.call(method, path, body, apiKey);
    await call(before, "POST", "/webhooks", {
      hook_id: "h",
      scope: "user_activity",
      url: receiver.url("/h"),
    });
    await call(before, "POST", "/events", eventJson({ id: "never-delivered" }));
    await until(async () => (await call(before, "GET", "/undelivered?hook_id=h")).body.items.length === 1);
    expect((await commandAt(portOf(before), "backup", "--out", folder)).code).toBe(0);
    expect((await commandAt(portOf(after), "restore", folder)).code).toBe(0);

    isDown = false;
    const failed = receiver.requests.length;
    const [{ id } = { id: "" }] = (await call(after, "GET", "/undelivered?hook_id=h")).body.items;
    expect((await call(after, "POST", `/undelivered/${id}/redeliver`)).status).toBe(202);
    const redelivered = (await receiver.waitFor(failed + 1)).at(-1);
    expect(redelivered?.headers["webhook-id"]).toBe("never-delivered");
    await until(async () => (await call(after, "GET", `/deliveries/${id}`)).body.status === "delivered");
    // The same backup once more brings nothing back that was delivered meanwhile.
    await until(async () => (await call(after, "GET", "/undelivered?hook_id=h")).body.items.length === 0);
    const again = await commandAt(portOf(after), "restore", folder);
    expect(again.stdout).toContain("undelivered: 0 restored, 0 there already, 1 moved on since");
  } finally {
    await Promise.all([before.kill(), after.kill(), receiver.close()]);
  }
}, 40_000);
