import type { LookupFunction } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { endpointUrlProblem } from "../../shared/domain/endpoint-url.ts";
import { secretText } from "../../shared/domain/secret.ts";
import { signedRequest } from "../../shared/domain/signed-request.ts";
import {
  connectionIsFree,
  hello,
  openRules,
  rawServer,
  receiver,
  resolvingTo,
  sender,
} from "../support/sending.ts";

const EMPTY_OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

afterEach(() => {
  vi.useRealTimers();
});

describe("a kept connection", () => {
  test("that is closed as it is used again: the same request goes out on a fresh one", async () => {
    const requests: string[] = [];
    const { url } = await rawServer((socket) => {
      let isUsed = false;
      socket.on("data", (chunk) => {
        requests.push(chunk.toString());
        if (isUsed) socket.destroy();
        else socket.write(EMPTY_OK);
        isUsed = true;
      });
    });
    const { send } = sender();
    await send({ ...hello, url });
    await connectionIsFree();
    const headers = { "webhook-id": "msg", "webhook-timestamp": "1700000000", "webhook-signature": "v1,abc" };
    expect(await send({ url, headers, body: "{}" })).toMatchObject({ status: 200, error: null });
    expect(requests).toHaveLength(3);
    expect(requests[2]).toBe(requests[1]);
    expect(requests[2]).toContain("webhook-timestamp: 1700000000");
  });

  test("is not used again after 4 s, even if no timer ran, as in a Lambda between two batches", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const target = await receiver();
    const { send } = sender();
    for (const idleMs of [0, 3900, 4100]) {
      vi.setSystemTime(Date.now() + idleMs);
      await send({ ...hello, url: target.url() });
      await connectionIsFree();
    }
    expect(target.connections()).toBe(2);
  });

  test("makes room when there are more than five hundred", async () => {
    const { port, sockets } = await rawServer((socket) => socket.on("data", () => socket.write(EMPTY_OK)));
    const { send } = sender({ lookup: resolvingTo("127.0.0.1") });
    const sendTo = (n: number) => send({ ...hello, url: `http://host-${n}.example:${port}/` });
    for (let n = 0; n < 520; n++) expect((await sendTo(n)).error).toBeNull();
    await expect.poll(() => sockets.filter(({ closed }) => !closed).length).toBe(500);
    await sendTo(519);
    expect(sockets).toHaveLength(520);
    await sendTo(0);
    expect(sockets).toHaveLength(521);
  });
});

test("whatever can be registered can be sent: neither URL nor secret is ever our own mistake", async () => {
  const lookup: LookupFunction = (_hostname, _options, callback) =>
    callback(Object.assign(new Error("none"), { code: "ENOTFOUND" }), []);
  const { send } = sender({ lookup });
  const anything = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.string());
  const url = fc
    .tuple(fc.constantFrom("http", "https"), anything, fc.nat(65_535), anything, anything)
    .map(([scheme, host, port, path, query]) => `${scheme}://a${host}.example:${port}/${path}?${query}`)
    .filter((text) => endpointUrlProblem(text, openRules) === undefined);
  const secret = anything.filter((text) => secretText.safeParse(text).success);
  await fc.assert(
    fc.asyncProperty(url, fc.array(secret, { minLength: 1, maxLength: 10 }), async (to, secrets) => {
      const request = signedRequest(to, secrets, { id: "evt_1", body: "{}" }, Date.now());
      expect(await send(request)).toMatchObject({ status: null, error: "host not found" });
    }),
    { numRuns: 500 },
  );
});
