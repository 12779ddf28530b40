import { expect, test } from "vitest";
import { tunables } from "../infra/settings/tunables.ts";
import { ConfigError, readEnvironment } from "../shared/config.ts";

test("defaults are the product's", () => {
  const { ALLOW_PRIVATE_ENDPOINTS: _, ...defaulted } = tunables;
  expect(readEnvironment(defaulted, {})).toEqual({
    RETRY_DELAYS_SECONDS: [5, 30, 60, 300],
    SCHEDULE_FROM_SECONDS: 60,
    ACCOUNT_MAX_WEBHOOKS: 10_000,
    ACCOUNT_MAX_REQUESTS_PER_SECOND: 1_000,
    ACCOUNT_MAX_EVENTS_IN_FLIGHT: 1_000_000,
    DELIVERY_TTL_DAYS: 30,
    ENDPOINT_PORTS: [443, 8443],
  });
});

test.each([
  ["443", [443]],
  ["443,8443", [443, 8443]],
  [" 1 , 65535", [1, 65_535]],
])("ENDPOINT_PORTS=%j is %j", (text, ports) => {
  const { ENDPOINT_PORTS } = tunables;
  expect(readEnvironment({ ENDPOINT_PORTS }, { ENDPOINT_PORTS: text })).toEqual({ ENDPOINT_PORTS: ports });
});

test.each([
  ["0", "list of ports from 1 to 65535"],
  ["65536", "list of ports from 1 to 65535"],
  ["443;8443", "list of ports from 1 to 65535"],
  ["443,", "list of ports from 1 to 65535"],
  ["4.5", "list of ports from 1 to 65535"],
  ["https", "list of ports from 1 to 65535"],
  ["443,443", "the same port twice"],
])("ENDPOINT_PORTS=%j is refused", (text, words) => {
  const { ENDPOINT_PORTS } = tunables;
  const read = () => readEnvironment({ ENDPOINT_PORTS }, { ENDPOINT_PORTS: text });
  expect(read).toThrow(/^ENDPOINT_PORTS: must /);
  expect(read).toThrow(words);
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
