import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aWebhook, eventJson } from "../support/factories.ts";
import { allItems, type IdleStage, startIdleStage } from "../support/idle-stage.ts";
import { type LocalRun, run, startLocalRun } from "../support/local-run.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryFolder } from "./support.ts";

const webhooks = (PORT: string, ...args: string[]) =>
  run(["infra/commands/webhooks/main.ts", ...args], { PORT });

describe("a mistake in the call is told in one sentence, with the usage, before it connects", () => {
  test.each([
    ["copy", "Unknown command copy"],
    ["export", "--out is missing: the file to write"],
    ["export --out x --account Acme", "--account must be 1 to 64"],
    ["export --out x --replace", "--replace is for import"],
    ["export all --out x", 'Nothing to do with "all"'],
    ["import", "Which file?"],
    ["import x --force", "--force is for export; import takes --replace"],
    ["import x y", 'Nothing to do with "y"'],
  ])("%s: %s", async (args, message) => {
    const { code, stdout, stderr } = await webhooks("1", ...args.split(" "));
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain("Takes registrations from a stage to a file");
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

const SECRET = "whsec_c2VjcmV0IHRoYXQgbm9ib2R5IG1heSBzZWU=";
const head = (fields: Record<string, unknown> = {}) => ({
  ...{ format: "claimr-webhooks registrations", version: 1, stage: "prod" },
  ...{ exported_at: "2026-11-23T12:00:00.000Z", webhooks: 1 },
  ...fields,
});

describe("a file that is not right is refused whole, before it connects, and without its secrets", () => {
  const hook = aWebhook({ secrets: [{ secret: SECRET }] });
  test.each([
    ["no JSON", ["{"], "line 1 is no JSON"],
    [
      "another format",
      [{ ...head(), format: "users" }],
      'line 1 format must be "claimr-webhooks registrations"',
    ],
    [
      "a later version",
      [head({ version: 2 }), hook],
      "line 1 version must be 1: use the version of this program",
    ],
    ["the end is missing", [head({ webhooks: 2 }), hook], "line 1 says 2 webhooks and 1 follow"],
    ["a half line", [head(), JSON.stringify(hook).slice(0, -9)], "line 2 is no JSON"],
    ["twice the same", [head({ webhooks: 2 }), hook, hook], "line 3 is a second acme/hook"],
    ["no account", [head(), { ...hook, account: "Acme" }], "line 2 account must be 1 to 64"],
    ["a bad URL", [head(), { ...hook, urls: ["ftp://x.example"] }], "line 2 urls.0 must use http or https"],
    ["no secret", [head(), { ...hook, secrets: [] }], "line 2 secrets"],
    [
      "a bad secret",
      [head(), { ...hook, secrets: [{ secret: `${SECRET}!` }] }],
      "line 2 secrets.0.secret must be",
    ],
    ["a bad hook_id", [head(), { ...hook, hook_id: "a b" }], "line 2 hook_id must be 1 to 64"],
  ])("%s", async (_, lines, message) => {
    const file = join(temporaryFolder(), "webhooks.ndjson");
    writeFileSync(
      file,
      lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
    );
    const { code, stdout, stderr } = await webhooks("1", "import", file);
    expect(stderr).toContain("Nothing was imported: ");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(SECRET);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

/** As the webhooks table holds it. */
function stored(fields: Parameters<typeof aWebhook>[0]) {
  const { disabled_urls: _, ...item } = aWebhook(fields);
  return item;
}

describe("from one stage to another", () => {
  let from: IdleStage;
  let to: IdleStage;
  const items = [
    stored({
      hook_id: "one",
      secrets: [{ secret: SECRET }, { secret: "old", expires_at: "2026-12-01T00:00:00.000Z" }],
    }),
    {
      ...stored({ hook_id: "two", urls: ["https://a.example", "https://b.example"] }),
      disabled_urls: new Set(["https://b.example"]),
      later: { version: [1, null] },
    },
    stored({
      account: "globex",
      slow_urls: [{ url: "https://example.com/hook", until: "2026-11-23T12:00:00.000Z" }],
    }),
  ];
  beforeAll(async () => {
    [from, to] = await Promise.all([startIdleStage(), startIdleStage()]);
    for (const Item of items)
      await from.dynamoDb.send(new PutCommand({ TableName: from.table("StorageWebhooks"), Item }));
  });
  afterAll(() => Promise.all([from?.stop(), to?.stop()]));
  const of = (stage: IdleStage) => allItems(stage.dynamoDb, stage.table("StorageWebhooks"));
  const put = (Item: Record<string, unknown>) =>
    to.dynamoDb.send(new PutCommand({ TableName: to.table("StorageWebhooks"), Item }));

  test("all arrives as it was, fields of a later version included; doing it twice changes nothing", async () => {
    const file = join(temporaryFolder(), "webhooks.ndjson");
    const exported = await from.command("webhooks", "export", "--out", file);
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    expect(exported.stdout).toContain(`3 webhooks of stage local are in ${file}. It holds their secrets`);
    expect(exported.stdout).not.toContain(SECRET);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await from.command("webhooks", "export", "--out", file);
    expect(again.stderr).toContain("is there already: give another name, or --force to replace it.");

    const count = { pk: "usage#acme#webhooks", sk: "count", webhooks: 0 };
    await to.dynamoDb.send(new PutCommand({ TableName: to.table("StorageDeliveries"), Item: count }));
    const imported = await to.command("webhooks", "import", file);
    expect(imported.stdout).toContain("3 webhooks to stage local: 3 created, 0 replaced, 0 the same already");
    expect(imported.code).toBe(0);
    expect(await of(to)).toEqual(await of(from));
    const stored = await allItems(to.dynamoDb, to.table("StorageDeliveries"));
    // No count, which would be wrong; and fan-out is to read both accounts' webhooks.
    expect(stored.map(({ pk, sk }) => `${pk} ${sk}`).sort()).toEqual([
      "usage#acme#webhooks version",
      "usage#globex#webhooks version",
    ]);

    const twice = await to.command("webhooks", "import", file);
    expect(twice.stdout).toContain("0 created, 0 replaced, 3 the same already, 0 left as it is");
    expect(await of(to)).toEqual(await of(from));
  });

  test("one that is there and differs is left as it is, with exit code 1, unless --replace", async () => {
    const file = join(temporaryFolder(), "webhooks.ndjson");
    writeFileSync(file, "readable by all", { mode: 0o644 });
    await from.command("webhooks", "export", "--account", "acme", "--out", file, "--force");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain("globex");
    const own = aWebhook({ hook_id: "one", status: "disabled" });
    await put(own);
    const left = await to.command("webhooks", "import", file);
    expect(left.stdout).toContain("acme/one: left as it is\n");
    expect(left.code).toBe(1);
    expect(await of(to)).toContainEqual(expect.objectContaining({ hook_id: "one", status: "disabled" }));
    const replaced = await to.command("webhooks", "import", file, "--replace");
    expect(replaced.stdout).toContain("acme/one: replaced\n");
    expect(replaced.code).toBe(0);
    expect(await of(to)).toEqual(await of(from));
  });

  // The last: it spoils a registration.
  test("one that cannot be read is told, with exit code 1, and the others are exported", async () => {
    const item = { account: "acme", hook_id: "broken", binary: new Uint8Array([1]) };
    await put(item);
    const file = join(temporaryFolder(), "webhooks.ndjson");
    const { stderr, stdout, code } = await to.command("webhooks", "export", "--out", file);
    expect(stderr).toContain("acme/broken ");
    expect(stdout).toContain("3 webhooks of stage local");
    expect(code).toBe(1);
  });
});

describe("between two runs", () => {
  const runs: LocalRun[] = [];
  afterAll(() => Promise.all(runs.map((local) => local.kill())));

  test("receivers see no difference, and the account's limit holds", async () => {
    const receiver = await startReceiver();
    const [before, after] = await Promise.all([
      startLocalRun(),
      startLocalRun({ ACCOUNT_MAX_WEBHOOKS: "3" }),
    ]);
    runs.push(before, after);
    const register = (local: LocalRun, hook_id: string, key?: string) =>
      local.call(
        "POST",
        "/webhooks",
        { hook_id, scope: "user_activity", url: receiver.url(`/${hook_id}`), secret: SECRET },
        key,
      );
    for (const id of ["moved-1", "moved-2"]) expect((await register(before, id)).status).toBe(201);
    expect((await register(after, "own")).status).toBe(201);
    const file = join(temporaryFolder(), "webhooks.ndjson");
    const portOf = ({ url }: LocalRun) => new URL(url).port;
    expect((await webhooks(portOf(before), "export", "--out", file)).code).toBe(0);
    expect((await webhooks(portOf(after), "import", file)).code).toBe(0);

    expect((await after.call("POST", "/events", eventJson())).status).toBe(202);
    const requests = await receiver.waitFor(3);
    for (const { body, headers } of requests)
      new Verifier(SECRET).verify(body, headers as Record<string, string>);
    expect(requests.map(({ path }) => path).toSorted()).toEqual(["/moved-1", "/moved-2", "/own"]);
    expect((await register(after, "one-too-many")).status).toBe(429);
    await receiver.close();
  });
});
