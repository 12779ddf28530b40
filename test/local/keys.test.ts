import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalRun, run, startLocalRun } from "../support/local-run.ts";

const USAGE = "Makes, lists and revokes API keys.";
/** `npm run keys -- …` where nothing runs and nothing is set. */
const keys = (args: string, environment: Record<string, string> = {}) =>
  run(["infra/commands/keys/main.ts", ...args.split(" ")], { PORT: "1", ...environment });

describe("a mistake in the call is told in one sentence, with the usage, before it connects", () => {
  test.each([
    ["create --role integrator", "--account is missing"],
    ["create --account Acme --role integrator", "--account must be 1 to 64 of a–z, 0–9, _ and -"],
    ["create --account acme", "--role is missing"],
    ["create --account acme --role admin", "--role must be integrator or publisher"],
    ["create acme --account acme --role integrator", 'Nothing to do with "acme"'],
    ["list acme", 'Nothing to do with "acme"'],
    ["revoke", "Which key?"],
    ["revoke key_1 key_2", 'Nothing to do with "key_2"'],
    ["destroy", "Unknown command destroy"],
    ["list --all", "Unknown option '--all'"],
    ["list --stage Prod", "--stage must be 1 to 20 of a–z, 0–9 and -, a letter first"],
  ])("%s: %s", async (args, message) => {
    const { code, stdout, stderr } = await keys(args);
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain(USAGE);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

describe("what keeps a right call from its table is one sentence without the usage", () => {
  test.each([
    ["no local run", "list", {}, "No local run answers on port 1: start it with npm start, set PORT, or"],
    ["a bad PORT", "list", { PORT: "65536" }, "PORT: "],
    ["no region", "list --stage prod", {}, "Set AWS_REGION to the region that stage prod is deployed in."],
  ])("%s", async (_, args, environment, message) => {
    const { code, stderr } = await keys(args, { HOME: "/nowhere", ...environment });
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });
});

describe("against a local run", () => {
  let local: LocalRun;
  beforeAll(async () => {
    local = await startLocalRun();
  });
  afterAll(() => local.kill());

  test("a made key works and is listed, until it is revoked", async () => {
    const { stdout, stderr } = await local.keys("create", "--account", "acme", "--role", "integrator");
    const key = stdout.trim();
    const [id = ""] = /key_\w+/.exec(stderr) ?? [];
    expect((await local.call("GET", "/webhooks", undefined, key)).status).toBe(200);
    expect((await local.keys("list", "--account", "acme")).stdout).toMatch(`${id}  acme  integrator`);
    expect((await local.keys("revoke", id)).code).toBe(0);
    expect((await local.call("GET", "/webhooks", undefined, key)).status).toBe(401);
  });

  test("a key that does not exist is told in one sentence", async () => {
    const { code, stderr } = await local.keys("revoke", "key_0");
    expect(stderr).toBe("There is no key key_0; npm run keys -- list shows them.\n");
    expect(code).toBe(1);
  });
});
