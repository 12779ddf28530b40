import { describe, expect, test } from "vitest";
import * as z from "zod";
import { run } from "../support/local-run.ts";
import { connectionIsFree, hello, receiver, sender } from "../support/sending.ts";
import { PUBLIC, PUBLIC_IPV6, resolver, smallInternet } from "../support/small-internet.ts";

const HOST = "hooks.example.com";
const loopback = "address is not public: loopback, which is the machine itself (RFC 1122, RFC 4291)";

describe("a name that changes its mind (DNS rebinding)", () => {
  test("between the check and the connect finds that there is no second look-up", async () => {
    const internet = await smallInternet();
    const { lookup, asked } = resolver([PUBLIC], ["127.0.0.1"]);
    const { send } = sender({ rules: internet.rules, lookup });
    expect(await send({ ...hello, url: internet.urlOf(HOST) })).toMatchObject({ status: 200 });
    expect(asked()).toBe(1);
    expect(internet.handed()).toEqual([PUBLIC]);
    expect(internet.attempted()).toEqual(["127.0.0.1"]);
    expect(internet.canaryConnections()).toBe(0);
  });

  test("between two attempts is checked anew", async () => {
    const internet = await smallInternet(() => ({ headers: { connection: "close" } }));
    const { lookup, asked } = resolver([PUBLIC], ["127.0.0.1"], [PUBLIC, "10.0.0.1"], [PUBLIC_IPV6]);
    const { send } = sender({ rules: internet.rules, lookup });
    const errors = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      errors.push((await send({ ...hello, url: internet.urlOf(HOST) })).error);
      await connectionIsFree();
    }
    expect(errors).toEqual([null, loopback, "address is not public: private network (RFC 1918)", null]);
    expect(asked()).toBe(4);
    expect(internet.handed()).toEqual([PUBLIC, PUBLIC_IPV6]);
    expect(internet.canaryConnections()).toBe(0);
  });

  test("while a connection is kept alive is not asked: the connection is still to where it was", async () => {
    const internet = await smallInternet();
    const { lookup, asked } = resolver([PUBLIC], ["127.0.0.1"]);
    const { send } = sender({ rules: internet.rules, lookup });
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await send({ ...hello, url: internet.urlOf(HOST) })).toMatchObject({ status: 200 });
      await connectionIsFree();
    }
    expect(asked()).toBe(1);
    expect([internet.receiver.connections(), internet.receiver.requests.length]).toEqual([1, 3]);
    expect(internet.canaryConnections()).toBe(0);
  });

  test("with many attempts at once is asked once for each connection", async () => {
    const internet = await smallInternet(() => ({ delayMs: 50 }));
    const { lookup, asked } = resolver([PUBLIC], [PUBLIC], [PUBLIC], ["127.0.0.1"]);
    const { send } = sender({ rules: internet.rules, lookup });
    const sent = Array.from({ length: 5 }, () => send({ ...hello, url: internet.urlOf(HOST) }));
    const errors = (await Promise.all(sent)).map(({ error }) => error);
    expect(errors.toSorted()).toEqual([loopback, loopback, null, null, null]);
    expect(asked()).toBe(5);
    expect([internet.receiver.connections(), internet.canaryConnections()]).toEqual([3, 0]);
  });
});

describe("a redirect to the canary", () => {
  test.each([300, 301, 302, 303, 305, 307, 308])("by %i is not followed", async (status) => {
    const internet = await smallInternet(() => {
      const location = internet.urlOf(internet.canaryHost);
      return { status, headers: { location, refresh: `0;url=${location}` } };
    });
    const { send } = sender({ rules: internet.rules, lookup: resolver([PUBLIC]).lookup });
    const { error } = await send({ ...hello, url: internet.urlOf(HOST) });
    expect(error).toMatch(`answered ${status}`);
    expect([internet.receiver.requests.length, internet.canaryConnections()]).toEqual([1, 0]);
  });

  test("by Alt-Svc is not followed either", async () => {
    const internet = await smallInternet(() => {
      const { host } = new URL(internet.urlOf(internet.canaryHost));
      return { headers: { "alt-svc": `h2="${host}", h3="${host}"` } };
    });
    const { send } = sender({ rules: internet.rules, lookup: resolver([PUBLIC]).lookup });
    for (let attempt = 0; attempt < 2; attempt++) await send({ ...hello, url: internet.urlOf(HOST) });
    expect([internet.receiver.requests.length, internet.canaryConnections()]).toEqual([2, 0]);
  });
});

describe("a URL that is no endpoint", () => {
  test.each([
    ["127.0.0.1", "must not point to 127.0.0.1: loopback"],
    ["127.0.0.2", "must not point to 127.0.0.2: loopback"],
    ["[::1]", "must not point to ::1: loopback"],
    ["2130706434", "must not point to 127.0.0.2: loopback"],
    ["[::ffff:127.0.0.2]", "must not point to ::ffff:7f00:2: an IPv4 address wrapped"],
    ["169.254.169.254", "must not point to 169.254.169.254: link-local"],
    ["localhost", 'must not point to localhost: names in "localhost"'],
    ["wiki.internal", 'must not point to wiki.internal: names in "internal"'],
    ["user@hooks.example.com", "must not contain a user name"],
  ])("(%s) is refused at the attempt, whenever it was registered, without a look-up", async (host, why) => {
    const internet = await smallInternet();
    const { lookup, asked } = resolver([PUBLIC]);
    const { send } = sender({ rules: internet.rules, lookup });
    const { status, error } = await send({ ...hello, url: internet.urlOf(host) });
    expect([status, error]).toEqual([null, expect.stringContaining(`URL refused: ${why}`)]);
    expect(asked()).toBe(0);
    expect([internet.receiver.connections(), internet.canaryConnections()]).toEqual([0, 0]);
  });

  test("by its port, or by http:, is refused at the attempt too", async () => {
    const internet = await smallInternet();
    const { lookup, asked } = resolver([PUBLIC]);
    const closed = sender({ rules: { allowPrivate: false, ports: [internet.port + 1] }, lookup });
    const url = internet.urlOf(HOST);
    const http = url.replace("https:", "http:");
    const errors = [
      (await closed.send({ ...hello, url })).error,
      (await closed.send({ ...hello, url: http })).error,
    ];
    expect(errors).toEqual([
      `URL refused: must use port ${internet.port + 1}, the ones open to endpoints`,
      "URL refused: must use https, so that nobody reads along",
    ]);
    expect(asked()).toBe(0);
    expect(internet.receiver.connections()).toBe(0);
  });
});

describe("a proxy in the environment", () => {
  const result = z.object({ error: z.string().nullable() });

  test("is not used for attempts, though Node itself would use it", async () => {
    const target = await receiver();
    const proxy = await receiver();
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    const environment = Object.fromEntries(names.map((name) => [name, proxy.url("")]));
    const go = (how: string) =>
      run(["test/support/send-once.ts", how, target.url()], { ...environment, NODE_USE_ENV_PROXY: "1" });

    expect(result.parse(JSON.parse((await go("sender")).stdout))).toEqual({ error: null });
    expect([target.connections(), proxy.connections()]).toEqual([1, 0]);
    // Node's own client goes there, which shows that the environment is in force.
    await go("node:http");
    expect([target.connections(), proxy.connections()]).toEqual([1, 1]);
  });
});
