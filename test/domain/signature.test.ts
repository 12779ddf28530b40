import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { newSecret, secretBytes, secretText } from "../../shared/domain/secret.ts";
import { signatureHeaders } from "../../shared/domain/signature.ts";

const now = () => Math.floor(Date.now() / 1000);
/** The library takes a raw string for Latin-1, so free text has to be given as its UTF-8 bytes. */
const libraryFor = (secret: string) =>
  secret.startsWith("whsec_")
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret, "utf8"), { format: "raw" });

test("gives the signature of the Standard Webhooks test vector", () => {
  const headers = signatureHeaders(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
  });
  expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

describe("the standardwebhooks library", () => {
  const anySecret = fc.oneof(
    fc
      .uint8Array({ minLength: 1, maxLength: 64 })
      .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`),
    fc
      .string({ unit: "binary", minLength: 1, maxLength: 64 })
      .filter((text) => secretText.safeParse(text).success),
  );

  const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
  const anyBody = fc.json({ stringUnit: "binary" });

  test("verifies what any secret signed, and not one changed byte of it", () => {
    fc.assert(
      fc.property(anySecret, anyId, anyBody, fc.nat(), (secret, id, body, place) => {
        const headers = signatureHeaders([secret], { id, timestampSeconds: now(), body });
        expect(() => libraryFor(secret).verify(body, { ...headers, "webhook-id": `${id}x` })).toThrow();
        expect(() => libraryFor(secret).verify(body, headers)).not.toThrow();
        const changed = Buffer.from(body);
        const at = place % changed.length;
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(() => libraryFor(secret).verify(changed.toString("latin1"), headers)).toThrow();
      }),
    );
  });

  test("verifies with each of several live secrets, newest first, and with no other", () => {
    const [newer, older, other] = [newSecret(), "an older, free-text sécret", newSecret()];
    const message = { id: "evt", timestampSeconds: now(), body: "{}" };
    const headers = signatureHeaders([newer, older], message);
    expect(headers["webhook-signature"].split(" ")[0]).toBe(
      signatureHeaders([newer], message)["webhook-signature"],
    );
    for (const secret of [newer, older]) expect(() => libraryFor(secret).verify("{}", headers)).not.toThrow();
    expect(() => libraryFor(other).verify("{}", headers)).toThrow();
  });
});

describe("secretText", () => {
  test.each([
    "x",
    "free text, sécret",
    "whsec_AA==",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WHSEC_%",
    newSecret(),
  ])("takes %j", (secret) => {
    expect(secretText.safeParse(secret).success).toBe(true);
  });

  test.each([
    "",
    "whsec_",
    "whsec_a_",
    "whsec_AAA",
    "whsec_A-_=",
    "whsec_AAAA AAAA",
    "x".repeat(257),
    "\ud800",
    5,
    null,
  ])("refuses %j without repeating it", (secret) => {
    const result = secretText.safeParse(secret);
    expect(result.success).toBe(false);
    if (typeof secret === "string" && secret.length > 6)
      expect(result.error?.message).not.toContain(secret.slice(6));
  });

  test("a made secret holds 32 random bytes", () => {
    expect(secretBytes(newSecret())).toHaveLength(32);
    expect(newSecret()).not.toBe(newSecret());
  });
});
