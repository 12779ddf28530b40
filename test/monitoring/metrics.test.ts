import { Metrics } from "@aws-lambda-powertools/metrics";
import { afterEach, expect, test, vi } from "vitest";
import { scopes } from "../../shared/domain/event.ts";
import { measure, measurePlain, publishMetrics } from "../../shared/metrics.ts";
import { readEmf } from "../support/monitoring/emf.ts";

vi.stubEnv("POWERTOOLS_SERVICE_NAME", "claimr-webhooks-test");
afterEach(() => vi.restoreAllMocks());

/** What an invocation that measured this prints. */
function printedBy(work: () => void) {
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  work();
  publishMetrics();
  vi.restoreAllMocks();
  return { lines, points: lines.flatMap(readEmf) };
}

test("an invocation writes one line for each scope, however much it measured, under the stage's name", () => {
  const { lines, points } = printedBy(() => {
    for (let n = 0; n < 50; n++) {
      measure("Retried", "referral");
      measure("EndpointLatency", "referral", n);
      measure("Retried", "user_login");
    }
    measurePlain("MessagesFailed");
  });
  expect(lines).toHaveLength(3);
  expect(points.map(({ metric, dimensions, values }) => [metric, dimensions, values.length])).toEqual([
    ["Retried", { service: "claimr-webhooks-test", scope: "referral" }, 1],
    ["EndpointLatency", { service: "claimr-webhooks-test", scope: "referral" }, 50],
    ["Retried", { service: "claimr-webhooks-test", scope: "user_login" }, 1],
    ["MessagesFailed", { service: "claimr-webhooks-test" }, 1],
  ]);
  expect(points[0]?.values).toEqual([50]);
});

test.each(["Delivered", "Undelivered"] as const)(
  "%s alone is written with the other as 0, in its scope, at one time: an alarm compares them",
  (metric) => {
    const { points } = printedBy(() => {
      measure(metric, "referral");
      measure(metric, "user_login", 2);
      measure("Retried", "user_login");
    });
    const other = metric === "Delivered" ? "Undelivered" : "Delivered";
    const of = (scope: string) =>
      Object.fromEntries(
        points
          .filter(({ dimensions }) => dimensions.scope === scope)
          .map((point) => [point.metric, point.values]),
      );
    expect(of("referral")).toEqual({ [metric]: [1], [other]: [0] });
    expect(of("user_login")).toEqual({ [metric]: [2], [other]: [0], Retried: [1] });
    const referrals = points.filter(({ dimensions }) => dimensions.scope === "referral");
    expect(new Set(referrals.map(({ at }) => at)).size).toBe(1);
    expect(new Set(points.map(({ dimensions }) => dimensions.scope))).not.toContain(undefined);
  },
);

test.each([99, 100, 101, 250])(
  "%i values of a metric all arrive, with their scope, in lines that CloudWatch takes",
  (count) => {
    const { points } = printedBy(() => {
      for (let n = 0; n < count; n++) measure("DeliveryAge", "user_reward", n);
      measure("Retried", "user_reward", count);
    });
    const ages = points.filter(({ metric }) => metric === "DeliveryAge").flatMap(({ values }) => values);
    expect(ages).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(points.filter(({ metric }) => metric === "Retried").flatMap(({ values }) => values)).toEqual([
      count,
    ]);
    expect(new Set(points.map(({ dimensions }) => dimensions.scope))).toEqual(new Set(["user_reward"]));
  },
);

test("an invocation that measured nothing prints nothing, no warning either", () => {
  const warn = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  for (const scope of scopes) printedBy(() => measure("Retried", scope));
  expect(printedBy(() => {}).lines).toEqual([]);
  expect(printedBy(() => measure("EndpointLatency", "referral", 1)).lines).toHaveLength(1);
  expect(warn).not.toHaveBeenCalled();
});

test("a metric that cannot be written is logged, and neither fails the invocation nor takes other scopes with it", () => {
  vi.spyOn(Metrics.prototype, "publishStoredMetrics").mockImplementationOnce(() => {
    throw new Error("no room on the device");
  });
  const { lines, points } = printedBy(() => {
    measure("Retried", "referral");
    measure("Retried", "user_login");
    measure("EndpointLatency", "user_login", Number.NaN);
  });
  expect(lines.map((line) => JSON.parse(line)).filter(({ level }) => level)).toMatchObject([
    { event: "metrics.failed", error: { message: "EndpointLatency is NaN" } },
    { event: "metrics.failed", scope: "referral", error: { message: "no room on the device" } },
  ]);
  expect(points).toMatchObject([{ metric: "Retried", dimensions: { scope: "user_login" } }]);
});
