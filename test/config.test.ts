import { expect, test } from "vitest";
import { ConfigError, readEnvironment, tunables } from "../shared/config.ts";

test("defaults are the product's", () => {
  const { RETRY_DELAYS_SECONDS, SCHEDULE_FROM_SECONDS, DELIVERY_TTL_DAYS } = tunables;
  expect(readEnvironment({ RETRY_DELAYS_SECONDS, SCHEDULE_FROM_SECONDS, DELIVERY_TTL_DAYS }, {})).toEqual({
    RETRY_DELAYS_SECONDS: [5, 30, 60, 300],
    SCHEDULE_FROM_SECONDS: 60,
    DELIVERY_TTL_DAYS: 30,
  });
});

test.each([
  ["5", [5]],
  [" 1, 2.5 ,2592000 ", [1, 2.5, 2_592_000]],
])("RETRY_DELAYS_SECONDS=%j is %j", (text, delays) => {
  const { RETRY_DELAYS_SECONDS } = tunables;
  expect(readEnvironment({ RETRY_DELAYS_SECONDS }, { RETRY_DELAYS_SECONDS: text })).toEqual({
    RETRY_DELAYS_SECONDS: delays,
  });
});

test("every bad variable is named in one sentence, and one that is empty counts as unset", () => {
  const given = { RETRY_DELAYS_SECONDS: "5,,30", SCHEDULE_FROM_SECONDS: "0", ALLOW_PRIVATE_ENDPOINTS: "" };
  expect(() => readEnvironment(tunables, given)).toThrow(ConfigError);
  expect(() => readEnvironment(tunables, given)).toThrow(
    /RETRY_DELAYS_SECONDS: must be .*; SCHEDULE_FROM_SECONDS: .*; ALLOW_PRIVATE_ENDPOINTS: /,
  );
});
