import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { FUNCTION_METADATA } from "../../infra/constructs/service-function.ts";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../infra/settings.ts";
import { aMessage } from "../support/factories.ts";
import { readAlarms } from "../support/monitoring/alarms.ts";
import { type Answer, linesOfAnswers } from "../support/monitoring/answered.ts";
import { createCloudWatch, type Data } from "../support/monitoring/cloudwatch.ts";
import { linesOf } from "../support/monitoring/emitted.ts";
import { captureLambdaLines } from "../support/monitoring/lambda-console.ts";
import { countLines, matcherOf } from "../support/monitoring/metric-filters.ts";
import { alarmIdsOf, sectionOf } from "../support/monitoring/runbook.ts";

const NOW = Date.parse("2026-11-23T12:00:00.000Z");
const AT = NOW - 30_000;

const template = synthesize(deployedSettings("prod", {}));
const alarms = readAlarms(template).filter(({ id }) => id.startsWith("rollback-"));
const ruleOf = (name: string) => {
  const alarm = alarms.find(({ id }) => id === `rollback-${name}`);
  if (!alarm) throw new Error(`No alarm takes back ${name}`);
  return alarm.rule;
};

/** By the name of their folder: what a function, its alias and its log group are called in the template. */
const functions = new Map(
  Object.entries(template.resources).flatMap(([id, { Type, Properties, Metadata }]) => {
    if (Type !== "AWS::Lambda::Function" || Metadata[FUNCTION_METADATA] === undefined) return [];
    const { LoggingConfig } = z
      .object({ LoggingConfig: z.object({ LogGroup: z.object({ Ref: z.string() }) }) })
      .parse(Properties);
    const [alias = ""] =
      Object.entries(template.resources).find(
        ([, one]) =>
          one.Type === "AWS::Lambda::Alias" &&
          JSON.stringify(one.Properties.FunctionName) === `{"Ref":"${id}"}`,
      ) ?? [];
    return [[String(Metadata[FUNCTION_METADATA]), { id, alias, logGroup: LoggingConfig.LogGroup.Ref }]];
  }),
);
const named = (name: string) => functions.get(name) ?? { id: "", alias: "", logGroup: "" };

/** What Lambda counts of the calls of an alias, the old version's and the new one's together. */
function calls(name: string, counts: Readonly<Record<string, number>>, at = AT): Data[] {
  const { id, alias } = named(name);
  return Object.entries(counts).map(([metric, count]) => ({
    ...{ namespace: "AWS/Lambda", metric, dimensions: { FunctionName: id, Resource: alias } },
    ...{ values: [count], at },
  }));
}
/** Lambda's own line on an invocation. */
const report = (status: string) => JSON.stringify({ type: "platform.report", record: { status } });
/** What a log group is given in a minute: of functions that queues feed, Lambda reports on crashes alone. */
const written = (name: string, lines: readonly string[], { crashes = 0, at = AT } = {}) => {
  const reports = Array<string>(crashes).fill(report("timeout"));
  if (!isWorker(name)) reports.push(report("success"));
  return countLines(template, named(name).logGroup, [...reports, ...lines], at);
};

const isWorker = (name: string) => ["fanout", "deliver", "redeliver"].includes(name);
/** Watched by the calls and lines of their own. */
const judgedAlone = [...functions.keys()].filter((name) => name !== "authorizer");

/** The lines of so many messages or requests: served, failed by the customer's fault, and failed by ours. */
function linesFor(name: string, { serves = 0, refuses = 0, breaks = 0 }: Partial<Record<Answer, number>>) {
  const answers: Answer[] = [
    ...Array<Answer>(serves).fill("serves"),
    ...Array<Answer>(refuses).fill("refuses"),
    ...Array<Answer>(breaks).fill("breaks"),
  ];
  if (!isWorker(name)) return linesOfAnswers(answers);
  const as = { serves: "arrives", refuses: "fails", breaks: "breaks" } as const;
  return linesOf(
    template.stackName,
    answers.map((answer, n) => ({
      answer: as[answer],
      message: aMessage({ event_id: `${answer}-${n}`, due_at: new Date(AT).toISOString() }),
    })),
    AT,
  );
}

test("each function has an alarm that takes it back; none is there that is not provoked below", () => {
  expect(alarms.map(({ id }) => id).sort()).toEqual(
    [...judgedAlone, "authorizer"].map((name) => `rollback-${name}`).sort(),
  );
});

describe.each(judgedAlone)("%s", (name) => {
  const stateOf = (data: Data[]) => createCloudWatch(data).stateOf(ruleOf(name), NOW);

  test("goes back when the tenth of the calls that its new version has fails, while the old one is well", async () => {
    const lines = await linesFor(name, { serves: 90, breaks: 10 });
    const crashes = calls(name, { Invocations: 100, Errors: 10 });
    expect(stateOf([...calls(name, { Invocations: 100, Errors: 0 }), ...written(name, lines)])).toBe("ALARM");
    expect(stateOf([...crashes, ...written(name, [], { crashes: 10 })])).toBe("ALARM");
  });

  test("goes back above one in a hundred: crashes and lines of level ERROR together", async () => {
    const one = written(name, await linesFor(name, { serves: 99, breaks: 1 }));
    const two = written(name, await linesFor(name, { serves: 98, breaks: 2 }));
    expect(stateOf([...calls(name, { Invocations: 100, Errors: 0 }), ...one])).toBe("OK");
    expect(stateOf([...calls(name, { Invocations: 100, Errors: 0 }), ...two])).toBe("ALARM");
    expect(stateOf([...calls(name, { Invocations: 100, Errors: 1 }), ...one])).toBe("ALARM");
    expect(stateOf([...calls(name, { Invocations: 199, Errors: 1 }), ...one])).toBe("ALARM");
    expect(stateOf([...calls(name, { Invocations: 200, Errors: 1 }), ...one])).toBe("OK");
    const crashed = (crashes: number) => [
      ...calls(name, { Invocations: 100, Errors: crashes }),
      ...written(name, [], { crashes }),
    ];
    expect(stateOf(crashed(1))).toBe("OK");
    expect(stateOf(crashed(2))).toBe("ALARM");
    expect(stateOf(crashed(0))).toBe("OK");
  });

  test("goes back for the only failure of a quiet day, although its line came when the next minute was over", async () => {
    const [before, counts] = [AT - 60_000, { Invocations: 1, Errors: 0 }];
    const lines = await linesFor(name, { breaks: 1 });
    const calm = [...calls(name, counts), ...written(name, [])];
    const late = [...calls(name, counts, before), ...written(name, lines, { at: before })];
    expect(stateOf([...late, ...calm])).toBe("ALARM");
    expect(stateOf([...calls(name, counts, before), ...calm])).toBe("OK");
  });

  test("stays for what customers do: endpoints that fail, requests that are refused", async () => {
    const lines = await linesFor(name, { refuses: 100 });
    if (isWorker(name)) expect(lines.filter((line) => line.includes('"http_status":500'))).toHaveLength(100);
    expect(stateOf([...calls(name, { Invocations: 100, Errors: 0 }), ...written(name, lines)])).toBe("OK");
  });

  test("stays for failures of another function, and when nobody calls", async () => {
    const another = name === "deliver" ? "webhooks" : "deliver";
    const lines = await linesFor(another, { breaks: 100 });
    expect(
      stateOf([
        ...calls(name, { Invocations: 100, Errors: 0 }),
        ...written(name, []),
        ...calls(another, { Invocations: 100, Errors: 100 }),
        ...written(another, lines),
      ]),
    ).toBe("OK");
    expect(stateOf([])).toBe("OK");
  });
});

describe("authorizer", () => {
  const api = Object.keys(template.resources).filter(
    (id) => template.resources[id]?.Type === "AWS::ApiGateway::RestApi",
  )[0];
  const answered = (counts: Readonly<Record<string, number>>): Data[] =>
    Object.entries(counts).map(([metric, count]) => ({
      ...{ namespace: "AWS/ApiGateway", metric, dimensions: { ApiName: api ?? "" } },
      ...{ values: [count], at: AT },
    }));
  const stateOf = (data: Data[]) => createCloudWatch(data).stateOf(ruleOf("authorizer"), NOW);

  test("goes back when the API answers more than one request in a hundred with an error of ours", () => {
    expect(stateOf(answered({ Count: 100, "5XXError": 2 }))).toBe("ALARM");
    expect(stateOf(answered({ Count: 100, "5XXError": 1 }))).toBe("OK");
    expect(stateOf([])).toBe("OK");
  });

  test("stays for wrong keys, although each is an error to Lambda and a line of level ERROR", async () => {
    const captured = captureLambdaLines();
    for (let n = 0; n < 100; n++) console.error(new Error("Unauthorized"));
    await captured.restore();
    expect(captured.lines().filter(matcherOf('{ $.level = "ERROR" }'))).toHaveLength(100);
    expect(
      stateOf([
        ...answered({ Count: 100, "4XXError": 100, "5XXError": 0 }),
        ...calls("authorizer", { Invocations: 100, Errors: 100 }),
        ...written("authorizer", captured.lines()),
      ]),
    ).toBe("OK");
  });
});

test("none fills in what is missing: each is a ratio of what is always written together", () => {
  for (const { rule } of alarms)
    for (const query of rule.queries)
      if ("expression" in query) expect(query.expression).not.toMatch(/[A-Z]/);
});

test("they tell nobody: the deployment that they take back does. The runbook names each", () => {
  for (const { id, description, notifies } of alarms) {
    expect(notifies).toEqual([]);
    expect(sectionOf(description)).toBe("rollback");
    expect(alarmIdsOf("rollback")).toContain(id);
  }
});

test("they cost what docs/observability.md and docs/deploying.md say", () => {
  const watched = alarms.flatMap(({ rule }) => rule.queries.filter((query) => "stat" in query)).length;
  const dollars = (watched / 10).toFixed(2);
  const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
  expect(page("observability.md")).toContain(`${watched}, **$${dollars} a month**`);
  expect(page("deploying.md")).toContain(`${alarms.length} alarms of ${watched} metrics, $${dollars}`);
  const counts = `${judgedAlone.length} counts of log lines, $${(judgedAlone.length * 0.3).toFixed(2)}`;
  for (const name of ["observability.md", "deploying.md"]) expect(page(name)).toContain(counts);
});

test("a filter pattern of another kind is refused rather than taken for one that is known", () => {
  for (const pattern of ["", "ERROR", "{ $.level = ERR* }", '{ $.level = "E*" }', "{ $.status >= 500 }"])
    expect(() => matcherOf(pattern)).toThrow("not known here");
});
