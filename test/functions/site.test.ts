import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAssets } from "../../functions/site/assets.ts";
import { buildAssets } from "../../functions/site/build.ts";
import { createSite } from "../../functions/site/site.ts";
import { Problem } from "../../shared/domain/problem.ts";
import type { ApiRequest, FileAnswer } from "../../shared/http/api.ts";

let parent: string;
let site: ReturnType<typeof createSite>;
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "claimr-webhooks-test-"));
  writeFileSync(join(parent, "secret.js"), "outside");
  await buildAssets(join(parent, "assets"));
  site = createSite(openAssets(pathToFileURL(`${parent}/assets/`)));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

const request = (file: string, headers: Record<string, string>) =>
  ({ account: "", path: { file }, query: {}, headers }) as unknown as ApiRequest;
const get = async (file: string, headers: Record<string, string> = {}) =>
  (await site.file("console")(request(file, headers))) as FileAnswer;

describe("a page's files", () => {
  test.each([
    ["app.js", "text/javascript; charset=utf-8"],
    ["app.css", "text/css; charset=utf-8"],
    ["icon.svg", "image/svg+xml"],
  ])("%s has its content type, and headers that allow nothing but our own", async (file, type) => {
    const { status, headers } = await get(file);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": type,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
  });

  test.each([
    ["gzip, deflate, br", "br"],
    ["gzip;q=1.0, br;q=0", "gzip"],
    ["identity", undefined],
    ["", undefined],
  ])("are compressed as the client takes it: %s", async (accepted, expected) => {
    const plain = (await get("app.js")).bytes;
    const { headers, bytes } = await get("app.js", { "accept-encoding": accepted });
    expect(headers["content-encoding"]).toBe(expected);
    const decoded =
      expected === "br" ? brotliDecompressSync(bytes) : expected === "gzip" ? gunzipSync(bytes) : bytes;
    expect(decoded.equals(plain)).toBe(true);
  });

  test("are not sent again to who has them", async () => {
    const { etag = "" } = (await get("app.js")).headers;
    const again = await get("app.js", { "if-none-match": etag });
    expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, etag]);
    expect((await get("app.js", { "if-none-match": 'W/"older"' })).status).toBe(200);
  });

  test.each(["nope.js", "../../secret.js", "..", "app.js.br", "", "../docs/index.html"])(
    "%j is not one of them",
    async (file) => {
      await expect(get(file)).rejects.toThrow(Problem);
    },
  );
});

test("a build into a folder that has it already changes nothing", async () => {
  const etag = (await get("app.js")).headers.etag;
  await Promise.all([buildAssets(join(parent, "assets")), buildAssets(join(parent, "assets"))]);
  const fresh = createSite(openAssets(pathToFileURL(`${parent}/assets/`)));
  const answer = (await fresh.page("console")(request("", {}))) as FileAnswer;
  expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect((await get("app.js")).headers.etag).toBe(etag);
});
