import type { LookupFunction } from "node:net";
import { describe, expect, test } from "vitest";
import { startReceiver } from "../support/receiver.ts";
import {
  closedRules,
  connectionIsFree,
  hello,
  rawAnswer,
  rawServer,
  receiver,
  resolvingTo,
  sender,
} from "../support/sending.ts";
import { pem, trust } from "../support/tls.ts";

const SHORT_MS = 150;

describe("a failed exchange", () => {
  const failsWith = async (url: string, error: string, options = {}, status: number | null = null) => {
    const result = await sender(options).send({ ...hello, url });
    expect(result).toMatchObject({ status, error });
    return result;
  };

  test("connection refused", async () => {
    const { url, close } = await startReceiver();
    await close();
    await failsWith(url(), "connection refused");
  });

  test("connection reset, before and after the status", async () => {
    const before = await rawServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await failsWith(before.url, "connection reset");
    const text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
    const after = await rawAnswer(text, (socket) => socket.resetAndDestroy());
    expect((await sender().send({ ...hello, url: after.url })).error).toBe("connection reset");
  });

  test("connection closed, before and after the status", async () => {
    const error = "connection closed before the response was complete";
    const before = await rawServer((socket) => socket.once("data", () => socket.end()));
    await failsWith(before.url, error);
    const text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
    const after = await rawAnswer(text, (socket) => socket.end());
    expect(await failsWith(after.url, error, {}, 200)).toMatchObject({ response: "part" });
  });

  test.each([
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n", null],
    ["a bad header", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", null],
    ["a bad chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 200],
  ])("malformed HTTP response: %s", async (_name, text, status) => {
    const { url } = await rawAnswer(text);
    await failsWith(url, "malformed HTTP response", {}, status);
  });

  test("response headers that do not end", async () => {
    const { url } = await rawAnswer(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(200_000)}`);
    await failsWith(url, "response headers are too large");
  });

  test("host not found, without naming our resolver", async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("getaddrinfo 10.0.0.2"), { code: "ENOTFOUND" }), []);
    await failsWith("http://nowhere.example/", "host not found", { lookup });
    await failsWith("https://nowhere.example.com/", "host not found", { lookup, rules: closedRules });
  });

  test("an error without a known code shows the code and nothing else", async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("secret 10.0.0.2"), { code: "EODD" }), []);
    await failsWith("http://nowhere.example/", "connection failed (EODD)", { lookup });
  });

  test("a request that HTTP cannot carry is no failure of the receiver's: it throws", async () => {
    const target = await receiver();
    const { send } = sender();
    const bad = { url: target.url(), headers: { "x-bad": "a\r\nb: c" }, body: "" };
    await expect(send(bad)).rejects.toThrow("invalid x-bad header");
    await send({ ...hello, url: target.url() });
    await expect(send(bad)).rejects.toThrow("invalid x-bad header");
    expect(target.requests).toHaveLength(1);
  });

  test("no file descriptor left is no failure of the receiver's either", async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("too many open files"), { code: "EMFILE" }), []);
    await expect(sender({ lookup }).send({ ...hello, url: "http://somewhere.example/" })).rejects.toThrow(
      "too many open files",
    );
  });
});

describe("the deadline", () => {
  const error = `timed out after ${SHORT_MS / 1000} s`;
  const stalls = {
    "the look-up": async () => "http://stalled.example/",
    "the TLS handshake": async () => `https://127.0.0.1:${(await rawServer(() => {})).port}/`,
    "the status line": async () => (await rawServer(() => {})).url,
    "the headers": async () => (await rawAnswer("HTTP/1.1 200 OK\r\nx: ")).url,
  };

  test.each(Object.entries(stalls))("covers %s", async (_name, start) => {
    const lookup: LookupFunction = () => {};
    const { send } = sender({ timeoutMs: SHORT_MS, lookup });
    const result = await send({ ...hello, url: await start() });
    expect(result).toMatchObject({ status: null, error, response: null });
    expect(result.durationMs).toBeGreaterThanOrEqual(SHORT_MS - 2);
    expect(result.durationMs).toBeLessThan(SHORT_MS + 500);
  });

  test.each([
    [200, error],
    [500, "answered 500"],
  ])("covers the body: what came of a %i is kept, and the connection dropped", async (status, expected) => {
    const text = `HTTP/1.1 ${status} X\r\nretry-after: 9\r\ncontent-length: 9\r\n\r\npart`;
    const { url, sockets } = await rawAnswer(text);
    const result = await sender({ timeoutMs: SHORT_MS }).send({ ...hello, url });
    expect(result).toMatchObject({ status, error: expected, response: "part", retryAfter: "9" });
    await expect.poll(() => sockets[0]?.closed || sockets[0]?.readableEnded).toBe(true);
  });

  test("a name that resolves too late is not connected to any more", async () => {
    const target = await receiver();
    let found = () => {};
    const late: LookupFunction = (...args) => {
      found = () => resolvingTo("127.0.0.1")(...args);
    };
    const { send } = sender({ timeoutMs: 20, lookup: late });
    const url = target.url().replace("127.0.0.1", "late.example");
    expect((await send({ ...hello, url })).error).toBe("timed out after 0.02 s");
    found();
    // Whatever was to be connected would be there before this one.
    await sender().send({ ...hello, url: target.url() });
    expect(target.connections()).toBe(1);
  });

  test("covers a body that trickles without end", async () => {
    const { url } = await rawAnswer("HTTP/1.1 200 OK\r\n\r\n", (socket) => {
      const trickle = setInterval(() => socket.write("."), 10);
      socket.on("close", () => clearInterval(trickle));
    });
    const result = await sender({ timeoutMs: SHORT_MS }).send({ ...hello, url });
    expect(result).toMatchObject({ status: 200, error });
    expect(result.durationMs).toBeLessThan(SHORT_MS + 500);
  });
});

describe("TLS", () => {
  const secured = (cert: string) => receiver(() => ({}), { key: pem("key"), cert: pem(cert) });

  test("a trusted certificate of the host passes", async () => {
    trust(pem("cert"));
    const target = await secured("cert");
    const { send } = sender();
    expect(await send({ ...hello, url: target.url() })).toMatchObject({ status: 200, error: null });
    await connectionIsFree();
    expect(await send({ ...hello, url: target.url() })).toMatchObject({ status: 200, error: null });
    expect(target.connections()).toBe(1);
  });

  test("self-signed, expired, and another host's certificates do not", async () => {
    const good = await secured("cert");
    const expired = await secured("expired");
    const results = [await sender().send({ ...hello, url: good.url() })];
    trust(pem("cert"), pem("expired"));
    results.push(await sender().send({ ...hello, url: expired.url() }));
    const other = sender({ lookup: resolvingTo("127.0.0.1") });
    const url = good.url().replace("localhost", "other.example");
    // Twice: a resumed session is not a way around the check.
    results.push(await other.send({ ...hello, url }), await other.send({ ...hello, url }));
    expect(results.map(({ error }) => error)).toEqual([
      "certificate is self-signed",
      "certificate expired",
      "certificate is for another host",
      "certificate is for another host",
    ]);
    expect(good.requests).toHaveLength(0);
    expect(expired.requests).toHaveLength(0);
  });

  test("a server that does not speak TLS", async () => {
    const { port } = await rawAnswer("HTTP/1.1 400 Bad Request\r\n\r\n");
    const result = await sender().send({ ...hello, url: `https://127.0.0.1:${port}/` });
    expect(result).toMatchObject({ status: null, error: "the port does not speak TLS" });
  });
});
