import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../infra/settings.ts";
import { accessLine, accessLogFields } from "../support/monitoring/access-log.ts";
import { captureRun } from "../support/monitoring/captured-run.ts";
import { type Point, readEmf } from "../support/monitoring/emf.ts";
import { type Row, runQuery } from "../support/monitoring/insights.ts";
import type { LogEvent } from "../support/monitoring/lambda-console.ts";
import { spanOf } from "../support/monitoring/otel-span.ts";
import { runbook } from "../support/monitoring/runbook.ts";

const at = Date.parse("2026-11-23T12:00:00.000Z");
/** A function that ran out of time, as Lambda's user guide shows its system log in JSON: no function of ours writes it. */
const TIMED_OUT = JSON.stringify({
  time: new Date(at).toISOString(),
  type: "platform.report",
  record: {
    requestId: "79b4f56e-95b1-4643-9700-2807f4e68189",
    metrics: { durationMs: 40_000, billedDurationMs: 40_000, memorySizeMB: 512, maxMemoryUsedMB: 131 },
    status: "timeout",
  },
});
const SUCCEEDED = TIMED_OUT.replace('"timeout"', '"success"');

/** What callers got: a function's own 500, two that API Gateway gave by itself, a wrong key, and an event that was taken. */
const ANSWERED = [
  accessLine({ httpMethod: "GET", resourcePath: "/webhooks", status: "500", requestId: "r1" }),
  ...["r2", "r3"].map((requestId) =>
    accessLine({
      ...{ httpMethod: "POST", resourcePath: "/events", status: "500", requestId },
      ...{ "error.responseType": "AUTHORIZER_FAILURE", integrationLatency: "-" },
    }),
  ),
  accessLine({ httpMethod: "POST", status: "401", "error.responseType": "UNAUTHORIZED" }),
  accessLine({ httpMethod: "POST", status: "202" }),
];

const observability = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
/** By the name in its first line. */
const queries = new Map(
  [...runbook.matchAll(/```logs-insights\n# ([a-z-]+)\n([\s\S]*?)```/g)].map(([, name = "", text = ""]) => [
    name,
    text.replace("EVENT_ID", "twofold").replace("ACCOUNT", "demo"),
  ]),
);

let logged: LogEvent[] = [];
let endpoint = "";
const today = () => Math.floor(Date.now() / 86_400_000) * 86_400_000;

beforeAll(async () => {
  const captured = await captureRun();
  const others = [TIMED_OUT, SUCCEEDED, ...ANSWERED].map((line, n) => ({ at: at + n, line }));
  logged = [...captured.events, ...others];
  endpoint = new URL(captured.origin).origin;
}, 60_000);

const events = (rows: readonly Row[]) => rows.map((row) => [row.event, row.decision]);
const whose = (row: Record<string, unknown>) => ({
  account: "demo",
  endpoint,
  ...row,
});

/** What each promises, of the story that `captureRun` tells. */
const promises: Record<string, (rows: readonly Row[]) => void> = {
  "follow-event"(rows) {
    expect(events(rows)).toEqual([
      ["event.accepted", undefined],
      ["delivery.attempted", "retrying"],
      ["delivery.attempted", "undelivered"],
      ["delivery.redelivered", undefined],
      ["delivery.attempted", "delivered"],
    ]);
    expect(new Set(rows.slice(1).map((row) => row.delivery_id)).size).toBe(1);
    expect(rows.map((row) => row.attempt)).toEqual([undefined, 1, 2, undefined, 3]);
    expect(rows[1]).toMatchObject({ http_status: 500, next_in_s: 1 });
  },
  "failing-endpoints": (rows) =>
    expect(rows).toEqual([whose({ failed: 2, last_status: 500, last_error: undefined })]),
  "account-week": (rows) =>
    expect(Object.fromEntries(rows.map((row) => [row.decision, row]))).toMatchObject({
      // arrives, waits, late, and twofold after its redelivery
      delivered: { day: today(), attempts: 4, p99_ms: expect.closeTo(2_300, -3) },
      retrying: { attempts: 1 },
      undelivered: { attempts: 1 },
    }),
  "late-retries"(rows) {
    expect(rows).toEqual([whose({ late: 1, worst_ms: expect.any(Number) })]);
    expect(rows[0]?.worst_ms).toBeGreaterThanOrEqual(20_000);
  },
  "failed-messages": (rows) =>
    expect(rows).toMatchObject([
      { receive_count: 1, "error.name": "SyntaxError", lambda_request_id: expect.any(String) },
    ]),
  "slow-endpoints": (rows) => expect(rows).toEqual([whose({ marked: 1, last: expect.any(Number) })]),
  undelivered: (rows) =>
    expect(rows.toSorted((a, b) => (String(a.hook_id) < String(b.hook_id) ? -1 : 1))).toEqual([
      whose({ hook_id: "bad", undelivered: 1, last_status: 500 }),
      whose({ hook_id: "off", undelivered: 1, last_reason: expect.stringContaining("disabled") }),
    ]),
  "our-failures": (rows) =>
    expect(rows.map((row) => [row.event, row.times]).sort()).toEqual([
      ["message.failed", 1],
      ["request.failed", 1],
    ]),
  crashes: (rows) =>
    expect(rows).toMatchObject([{ "record.status": "timeout", "record.metrics.maxMemoryUsedMB": 131 }]),
  // A failed message, a failed request, and the invocation that ran out of time.
  "failing-versions": (rows) =>
    expect(rows).toEqual([
      {
        ...{ version: "7", failures: 3, last_event: "request.failed" },
        last_error: expect.any(String),
        ended: "timeout",
      },
    ]),
  "api-answers"(rows) {
    const [byGateway, byFunction, ...others] = rows;
    expect(byGateway).toEqual({
      ...{ method: "POST", route: "/events", status: "500", times: 2 },
      ...{ refused_as: "AUTHORIZER_FAILURE", function_ms: "-", request_id: "r3" },
    });
    expect(byFunction).toMatchObject({ route: "/webhooks", times: 1, refused_as: "-", request_id: "r1" });
    expect(others).toEqual([]);
  },
  "api-errors": (rows) =>
    expect(rows).toMatchObject([{ "error.name": "$ZodError", lambda_request_id: expect.any(String) }]),
};

test("every query of the runbook has a promise below", () => {
  expect([...queries.keys()].sort()).toEqual(Object.keys(promises).sort());
  expect(runbook.match(/```logs-insights/g)).toHaveLength(queries.size);
});

test.each(Object.keys(promises))(
  "the runbook's query %s finds what it promises in lines of the real functions",
  (name) => {
    promises[name]?.(runQuery(queries.get(name) ?? "", logged));
  },
);

describe("the dashboard", () => {
  const dashboard = Object.values(synthesize(deployedSettings("prod", {})).resources).find(
    ({ Type }) => Type === "AWS::CloudWatch::Dashboard",
  );
  const [, parts] = z
    .object({ DashboardBody: z.object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) }) })
    .parse(dashboard?.Properties).DashboardBody["Fn::Join"];
  const { widgets } = z
    .object({
      widgets: z.array(z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()) })),
    })
    .parse(JSON.parse(parts.map((part) => (typeof part === "string" ? part : "REFERENCE")).join("")));

  const promisesOf: Record<string, (rows: readonly Row[]) => void> = {
    "For whom is it not: endpoints that fail": (rows) => promises["failing-endpoints"]?.(rows),
    "Accounts whose events were given up": (rows) =>
      expect(rows).toEqual([{ account: "demo", undelivered: 2, endpoints: 1 }]),
    "Failures of ours": (rows) => promises["our-failures"]?.(rows),
  };
  const tables = widgets
    .filter(({ type }) => type === "log")
    .map(({ properties }) => z.object({ title: z.string(), query: z.string() }).parse(properties));

  test("asks the logs what is promised below, and nothing else", () => {
    expect(tables.map(({ title }) => title)).toEqual(Object.keys(promisesOf));
  });

  test.each(tables)("$title", ({ title, query }) => {
    // In front of the query stand the log groups.
    const text = query
      .split("|")
      .filter((part) => !part.trim().startsWith("SOURCE"))
      .join("|");
    promisesOf[title]?.(runQuery(text, logged));
  });
});

describe("the lines themselves", () => {
  test("a request's is documented with each field that API Gateway writes, the caller's address among them", () => {
    const row = observability.split("\n").find((line) => line.startsWith("| `api.request` |"));
    expect(accessLogFields).toContain("ip");
    for (const field of accessLogFields) expect(row).toContain(`\`${field}\``);
  });

  const linesAbout = (event: string, id: string) =>
    logged.filter(({ line }) => line.includes(`"${event}"`) && line.includes(`"${id}"`));

  test("an attempt is a span, by the table in docs/observability.md: one trace for the attempts of an event", () => {
    const spans = linesAbout("delivery.attempted", "twofold").map(spanOf);
    expect(spans).toMatchObject([
      { status: { code: "error" }, attributes: { "http.response.status_code": 500 } },
      { status: { code: "error" }, attributes: { "http.request.resend_count": 1 } },
      { status: { code: "unset" }, attributes: { "claimr.decision": "delivered" } },
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3);
    const accepted = linesAbout("event.accepted", "twofold")[0]?.at;
    for (const [index, { startMs }] of spans.entries())
      expect(startMs).toBeGreaterThanOrEqual(spans[index - 1]?.endMs ?? Number(accepted));
  });

  test("an attempt's span covers the wait for its endpoint", () => {
    const [slow] = linesAbout("delivery.attempted", "waits").map(spanOf);
    expect(Number(slow?.endMs) - Number(slow?.startMs)).toBeGreaterThanOrEqual(2_300);
  });

  test("the docs work a trace's id out as the table says", () => {
    const line = linesAbout("delivery.attempted", "arrives")[0]
      ?.line.replace('"account":"demo"', '"account":"acme"')
      .replace('"event_id":"arrives"', '"event_id":"order-17"');
    expect(observability).toContain(`'["acme","order-17"]'`);
    expect(observability).toContain(`\`${spanOf({ at, line: line ?? "" }).traceId}\``);
  });

  test("cost what docs/observability.md says: so many bytes, with ids of their usual length", () => {
    const bytesOf = (event: string) =>
      Buffer.byteLength(logged.find(({ line }) => line.startsWith(`{"event":"${event}"`))?.line ?? "");
    const usualIds = 21 - "arrives".length;
    const [accepted, fannedOut] = [bytesOf("event.accepted") + usualIds, bytesOf("event.fanned_out")];
    expect(observability).toContain(`an acceptance some ${Math.round(accepted / 10) * 10}`);
    expect(observability).toContain(`a fan-out some ${Math.round(fannedOut / 10) * 10}`);
  });

  test("the metrics of the same story count what it tells, by scope", () => {
    const points: Point[] = logged.flatMap(({ line }) => readEmf(line));
    const valuesOf = (metric: string, scope: string) =>
      points
        .filter((point) => point.metric === metric && point.dimensions.scope === scope)
        .flatMap(({ values }) => values);
    const sum = (metric: string, scope: string) =>
      valuesOf(metric, scope).reduce((total, value) => total + value, 0);
    expect({
      accepted: sum("EventsAccepted", "referral"),
      attempts: valuesOf("EndpointLatency", "referral").length,
      delivered: sum("Delivered", "referral"),
      retried: sum("Retried", "referral"),
      undelivered: sum("Undelivered", "referral"),
    }).toEqual({ accepted: 1, attempts: 3, delivered: 1, retried: 1, undelivered: 1 });
    expect(sum("Undelivered", "user_login")).toBe(1);
    expect(sum("RetryLateness", "user_activity")).toBeGreaterThanOrEqual(20_000);
    expect(sum("EndpointLatency", "user_reward")).toBeGreaterThanOrEqual(2_300);
    expect(points.filter(({ metric }) => metric === "MessagesFailed")).toHaveLength(1);
    for (const { dimensions } of points) expect(dimensions.service).toBe("claimr-webhooks-local");
  });
});
