import { describe, expect, test } from "vitest";
import type { Exchange } from "../../shared/domain/delivery.ts";
import { connectionIsFree, hello, receiver, sender } from "../support/sending.ts";

describe("send()", () => {
  test("POSTs the body byte for byte, with the caller's headers and no surprising ones", async () => {
    let rawHeaders: string[] = [];
    const target = await receiver(() => (request, response) => {
      rawHeaders = request.rawHeaders;
      response.writeHead(201, { "retry-after": "7" }).end("thanks");
    });
    const body = '{ "n": 12345678901234567890, "é": "😀" }';
    const headers = { "content-type": "application/json", "webhook-id": "msg-1" };
    const result = await sender().send({ url: target.url("/hook?a=1&b=%20"), headers, body });
    expect(result).toEqual({
      status: 201,
      error: null,
      durationMs: expect.any(Number),
      response: "thanks",
      retryAfter: "7",
    } satisfies Exchange);
    expect(Number.isInteger(result.durationMs)).toBe(true);
    expect(target.requests).toMatchObject([{ method: "POST", path: "/hook?a=1&b=%20" }]);
    expect(target.requests[0]?.body).toEqual(Buffer.from(body));
    expect(Object.fromEntries(pairs(rawHeaders))).toEqual({
      host: new URL(target.url()).host,
      connection: "keep-alive",
      "user-agent": "claimr-webhooks/test",
      "content-type": "application/json",
      "webhook-id": "msg-1",
      "content-length": String(Buffer.byteLength(body)),
    });
  });

  test.each([
    [200, null],
    [204, null],
    [299, null],
    [304, "answered 304"],
    [400, "answered 400"],
    [410, "answered 410"],
    [500, "answered 500"],
  ])("status %i gives the error %j", async (status, error) => {
    const target = await receiver(() => ({ status }));
    const result = await sender().send({ ...hello, url: target.url() });
    expect(result).toMatchObject({ status, error, response: null, retryAfter: undefined });
  });

  test.each([301, 302, 303, 307, 308])("does not follow a %i", async (status) => {
    const elsewhere = await receiver();
    const target = await receiver(() => ({ status, headers: { location: elsewhere.url() } }));
    const result = await sender().send({ ...hello, url: target.url() });
    expect(result).toMatchObject({
      status,
      error: `answered ${status} (redirects are not followed)`,
    });
    expect(elsewhere.connections()).toBe(0);
  });

  test("keeps the connection for the next delivery, after failures too", async () => {
    const target = await receiver((_request, n) => ({ status: n === 1 ? 500 : 200, body: "x" }));
    const { send } = sender();
    for (let n = 0; n < 3; n++) {
      await send({ ...hello, url: target.url(`/${n}`) });
      await connectionIsFree();
    }
    expect(target.requests).toHaveLength(3);
    expect(target.connections()).toBe(1);
  });

  test("a stalled delivery does not hold up another to the same origin", async () => {
    const target = await receiver(({ path }) => (path === "/slow" ? () => {} : {}));
    const { send } = sender({ timeoutMs: 2000 });
    const slow = send({ ...hello, url: target.url("/slow") });
    await target.waitFor(1);
    const fast = await send({ ...hello, url: target.url("/fast") });
    expect(fast).toMatchObject({ status: 200, error: null });
    expect(fast.durationMs).toBeLessThan(1000);
    await target.close();
    expect((await slow).error).toMatch(/^connection (closed|reset)/);
  });
});

describe("the response", () => {
  const largest = 64 * 1024;

  test.each([
    ["empty", "", null],
    ["short", "ok", "ok"],
    ["1 KiB", "a".repeat(1024), "a".repeat(1024)],
    ["longer", "a".repeat(1025), "a".repeat(1024)],
    ["cut inside a two-byte character", `a${"é".repeat(600)}`, `a${"é".repeat(511)}`],
    ["cut inside a four-byte character", `a${"😀".repeat(300)}`, `a${"😀".repeat(255)}`],
    ["not UTF-8", Buffer.alloc(1024, 0xff), "\ufffd".repeat(341)],
    ["64 KiB", "b".repeat(largest), "b".repeat(1024)],
  ])("that is %s is kept up to 1 KiB of UTF-8", async (_name, body, kept) => {
    const target = await receiver(() => ({ body }));
    const result = await sender().send({ ...hello, url: target.url() });
    expect(result).toMatchObject({ status: 200, error: null, response: kept });
  });

  test.each([
    [200, null],
    [503, "answered 503"],
  ])("of more than 64 KiB is given up without waiting for its end (%i)", async (status, error) => {
    const closed = Promise.withResolvers<void>();
    const target = await receiver(() => (_request, response) => {
      response
        .on("close", closed.resolve)
        .writeHead(status)
        .write("c".repeat(largest + 1));
    });
    const result = await sender().send({ ...hello, url: target.url() });
    expect(result).toMatchObject({ status, error, response: "c".repeat(1024) });
    await closed.promise;
  });

  test("that never ends costs little more than 64 KiB", async () => {
    const taken = Promise.withResolvers<number>();
    const target = await receiver(() => (_request, response) => {
      const pump = () => {
        while (response.write("d".repeat(largest)));
      };
      response.on("drain", pump).on("close", () => taken.resolve(response.socket?.bytesWritten ?? 0));
      pump();
    });
    const result = await sender().send({ ...hello, url: target.url() });
    expect(result).toMatchObject({ status: 200, error: null });
    expect(result.durationMs).toBeLessThan(1000);
    // What the kernel's socket buffers take is the sender's to offer, not ours to refuse.
    expect(await taken.promise).toBeLessThan(20 * 1024 * 1024);
  });
});

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => (i % 2 ? [] : [[name.toLowerCase(), flat[i + 1] ?? ""]]));
}
