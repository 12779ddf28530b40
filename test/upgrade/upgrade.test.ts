import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiUrlOf } from "../../infra/emulator/api-url.ts";
import { findEmulator } from "../../infra/emulator/emulator.ts";
import { stackName } from "../../infra/settings.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { callApi } from "../support/call-api.ts";
import { eventJson } from "../support/factories.ts";
import { run, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/** Source and stack of the commit that closed "One event, all the way" (fd3da2d): git archive, infra functions shared. */
const archive = fileURLToPath(new URL("one-event-all-the-way.tar.gz", import.meta.url));
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const STAGE = "upgrade";
const DEPLOY_TIMEOUT_MS = 180_000;
/** Longer than an upgrade takes on an emulator: what the old version's timer was set for, the new version attempts. */
const RETRY_DELAY_SECONDS = 45;

const execute = promisify(execFile);
const emulator = await findEmulator();
const settings = {
  ALLOW_PRIVATE_ENDPOINTS: "true",
  RETRY_DELAYS_SECONDS: String(RETRY_DELAY_SECONDS),
  SCHEDULE_FROM_SECONDS: "901",
};
const environment = { ...emulator.environment, ...settings };

let old: string;
let receiver: Receiver;
let isBroken = true;
beforeAll(async () => {
  old = await mkdtemp(join(tmpdir(), "claimr-webhooks-upgrade-"));
  await execute("tar", ["-xzf", archive, "-C", old]);
  await symlink(modules, join(old, "node_modules"));
  // Bundling asks for one, and does not read it.
  await writeFile(join(old, "package-lock.json"), "{}");
  receiver = await startReceiver(({ path }) => ({ status: path === "/broken" && isBroken ? 500 : 200 }));
});
afterAll(async () => {
  await today("--destroy");
  await receiver?.close();
  await rm(old, { recursive: true, force: true });
});

async function today(...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(
    ["infra/emulator/main.ts", "--stage", STAGE, ...more],
    environment,
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** Of the old version, in its own folder. */
async function deployOld(): Promise<string> {
  const cli = join(modules, "aws-cdk/bin/cdk");
  const args = [cli, "deploy", "--context", `stage=${STAGE}`, "--require-approval", "never", "--no-notices"];
  await execute(process.execPath, args, { cwd: old, env: environment });
  const key = ["infra/keys/main.ts", "create", "--stage", STAGE, "--account", "acme"];
  const roles = ["--role", "integrator", "--role", "publisher"];
  return (await execute(process.execPath, [...key, ...roles], { cwd: old, env: environment })).stdout.trim();
}

test("a stack of the first version, upgraded in place, keeps its keys, its registrations and what was under way", {
  timeout: 2 * DEPLOY_TIMEOUT_MS,
}, async () => {
  const key = await deployOld();
  const url = await apiUrlOf(emulator, stackName(STAGE));
  const call = (method: string, path: string, body?: unknown, at = url) =>
    callApi(at + path, method, body, key);
  const register = async (path: string, fields: object) =>
    (await call("POST", "/webhooks", { url: receiver.url(path), ...fields })).body;
  const kept = await register("/kept", { scope: "user_activity" });
  const waiting = await register("/broken", { scope: "referral" });
  expect([kept.secret, waiting.secret]).toEqual([
    expect.stringMatching(/^whsec_/),
    expect.stringMatching(/^whsec_/),
  ]);
  await call("POST", "/events", eventJson({ id: "under-way", scope: "referral" }));
  await until(() => receiver.requests.length === 1);
  const before = (await call("GET", "/webhooks")).body.items;
  isBroken = false;

  const upgradedUrl = await today();
  expect(upgradedUrl).toBe(url);
  const after = (await call("GET", "/webhooks")).body.items;
  expect(after).toHaveLength(2);
  expect(after).toMatchObject(before);

  // The second attempt is the new version's.
  expect(receiver.requests).toHaveLength(1);

  const arrived = (path: string) => receiver.requests.filter((request) => request.path === path);
  await call("POST", "/events", eventJson({ id: "after" }));
  for (const [path, { secret }, attempts] of [
    ["/kept", kept, 1],
    ["/broken", waiting, 2],
  ] as const) {
    const requests = await until(
      () => arrived(path).length === attempts && arrived(path),
      2_000 * RETRY_DELAY_SECONDS,
    );
    const { body, headers } = requests[attempts - 1] ?? expect.fail();
    expect(() =>
      new Verifier(secret).verify(body.toString(), headers as Record<string, string>),
    ).not.toThrow();
  }
  expect(arrived("/broken").map(({ headers }) => headers["webhook-id"])).toEqual(["under-way", "under-way"]);
  // The first version kept no ledger, which the list is made from.
  const of = { account: "acme", hook_id: waiting.hook_id, url: waiting.urls[0], event_id: "under-way" };
  const underWay = (await call("GET", `/deliveries/${deliveryId(of)}`)).body;
  expect(underWay).toMatchObject({ event_id: "under-way", status: "delivered", attempts: [{}, {}] });
  const { items } = (await call("GET", `/deliveries?hook_id=${kept.hook_id}`)).body;
  expect(items).toMatchObject([{ event_id: "after", status: "delivered" }]);
});
