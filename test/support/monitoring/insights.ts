import * as z from "zod";
import { Tokens } from "./insights-tokens.ts";
import type { LogEvent } from "./lambda-console.ts";

/** A row of a result, or a log event on its way through a query. */
export type Row = Readonly<Record<string, unknown>>;
type Read = (row: Row) => unknown;

/**
 * Of the version in service, as Lambda names it in a log group that it is given: day, function, version, environment.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
 */
const LOG_STREAM = "2026/11/23/claimr-webhooks-prod-DeliveryDeliver[7][0d5a1c2e3f404b5c8d9eaf0b1c2d3e4f]";

/** `{a: {b: 1}, c: ["x"]}` → `a.b: 1, c.0: "x"`: the fields that Logs Insights discovers in JSON. */
function discover({ at, line }: LogEvent): Row {
  const found: Record<string, unknown> = { "@timestamp": at, "@message": line, "@logStream": LOG_STREAM };
  function walk(value: unknown, path: string): void {
    if (typeof value !== "object" || value === null) found[path] = value ?? undefined;
    else for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
  }
  walk(JSON.parse(line), "");
  return found;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const isField = (token: string) => /^[@A-Za-z_]/.test(token);

function fieldName(tokens: Tokens): string {
  const token = tokens.take();
  if (!isField(token)) throw new Error(`A field expected, not ${token}`);
  return token;
}

function operand(tokens: Tokens): Read {
  const token = tokens.take();
  if (token.startsWith('"')) {
    const text: unknown = JSON.parse(token);
    return () => text;
  }
  if (/^\d/.test(token)) return () => Number(token);
  if (isField(token)) return (row) => row[token];
  throw new Error(`A field or a value expected, not ${token}`);
}

const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => Number(a) > Number(b),
  ">=": (a, b) => Number(a) >= Number(b),
  "<": (a, b) => Number(a) < Number(b),
  "<=": (a, b) => Number(a) <= Number(b),
};

function comparison(tokens: Tokens): (row: Row) => boolean {
  if (tokens.skip("(")) {
    const inner = either(tokens);
    tokens.expect(")");
    return inner;
  }
  const left = operand(tokens);
  const operator = tokens.take();
  if (operator === "like") {
    const given = tokens.take();
    const pattern = given.startsWith("/") ? new RegExp(given.slice(1, -1)) : JSON.parse(given);
    return (row) =>
      pattern instanceof RegExp
        ? pattern.test(String(left(row)))
        : String(left(row)).includes(String(pattern));
  }
  const compare = comparisons[operator];
  if (!compare) throw new Error(`The operator ${operator} is not known here`);
  const right = operand(tokens);
  return function matches(row) {
    const [a, b] = [left(row), right(row)];
    if (operator === "!=" && (a === undefined || b === undefined))
      throw new Error("What an absent field is unequal to, AWS does not document");
    return a !== undefined && b !== undefined && compare(a, b);
  };
}

function both(tokens: Tokens): (row: Row) => boolean {
  const parts = [comparison(tokens)];
  while (tokens.skip("and")) parts.push(comparison(tokens));
  return (row) => parts.every((part) => part(row));
}

function either(tokens: Tokens): (row: Row) => boolean {
  const parts = [both(tokens)];
  while (tokens.skip("or")) parts.push(both(tokens));
  return (row) => parts.some((part) => part(row));
}

const numbers = (values: readonly unknown[]) => values.map(Number).sort((a, b) => a - b);
const aggregates: Readonly<Record<string, (values: readonly unknown[], extra: number) => unknown>> = {
  count: (values) => values.length,
  count_distinct: (values) => new Set(values).size,
  sum: (values) => numbers(values).reduce((sum, value) => sum + value, 0),
  avg: (values) => numbers(values).reduce((sum, value) => sum + value, 0) / values.length,
  max: (values) => numbers(values).at(-1),
  pct: (values, percent) => numbers(values)[Math.ceil((values.length * percent) / 100) - 1],
  // The rows of a group come in order of time.
  latest: (values) => values.at(-1),
};

function aggregate(tokens: Tokens): { name: string; of: (rows: readonly Row[]) => unknown } {
  const name = tokens.take();
  const compute = aggregates[name];
  if (!compute) throw new Error(`The function ${name} is not known here`);
  tokens.expect("(");
  const field = tokens.skip("*") ? "@message" : fieldName(tokens);
  const extra = tokens.skip(",") ? Number(tokens.take()) : 0;
  tokens.expect(")");
  tokens.expect("as");
  const alias = fieldName(tokens);
  const of = (rows: readonly Row[]) =>
    compute(
      rows.map((row) => row[field]).filter((value) => value !== undefined),
      extra,
    );
  return { name: alias, of };
}

function groupKey(tokens: Tokens): { name: string; read: Read } {
  if (!tokens.skip("bin")) {
    const name = fieldName(tokens);
    return { name, read: (row) => row[name] };
  }
  tokens.expect("(");
  const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(tokens.take()) ?? [];
  const widthMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (!Number.isFinite(widthMs)) throw new Error("bin takes a time such as 5m");
  tokens.expect(")");
  tokens.expect("as");
  return {
    name: fieldName(tokens),
    read: (row) => Math.floor(Number(row["@timestamp"]) / widthMs) * widthMs,
  };
}

type Command = (rows: readonly Row[]) => readonly Row[];

function stats(tokens: Tokens): Command {
  const columns = tokens.list(() => aggregate(tokens));
  const keys = tokens.skip("by") ? tokens.list(() => groupKey(tokens)) : [];
  return function group(rows) {
    const inTime = rows.toSorted((a, b) => Number(a["@timestamp"]) - Number(b["@timestamp"]));
    const groups = Map.groupBy(inTime, (row) => JSON.stringify(keys.map(({ read }) => read(row))));
    return [...groups.values()].map((members) => ({
      ...Object.fromEntries(keys.map(({ name, read }) => [name, members[0] && read(members[0])])),
      ...Object.fromEntries(columns.map(({ name, of }) => [name, of(members)])),
    }));
  };
}

function sort(tokens: Tokens): Command {
  const field = fieldName(tokens);
  const direction = tokens.take();
  if (direction !== "asc" && direction !== "desc") throw new Error(`asc or desc, not ${direction}`);
  const sign = direction === "asc" ? 1 : -1;
  return function inOrder(rows) {
    if (rows.some((row) => row[field] === undefined)) throw new Error(`There is no ${field} to sort by`);
    return rows.toSorted((a, b) => sign * (Number(a[field]) - Number(b[field])));
  };
}

/** By a glob: a star stands for as little as lets the rest match, and gives one field. */
function parse(tokens: Tokens): Command {
  const field = fieldName(tokens);
  const glob = z.string().parse(JSON.parse(tokens.take()));
  tokens.expect("as");
  const names = tokens.list(() => fieldName(tokens));
  const parts = glob.split("*");
  if (parts.length - 1 !== names.length) throw new Error(`${glob} has not one star for each name`);
  const pattern = new RegExp(`^${parts.map((part) => RegExp.escape(part)).join("(.*?)")}$`);
  return (rows) =>
    rows.map((row) => {
      const found = pattern.exec(String(row[field]));
      return { ...row, ...Object.fromEntries(names.map((name, index) => [name, found?.[index + 1]])) };
    });
}

const commands: Readonly<Record<string, (tokens: Tokens) => Command>> = {
  filter(tokens) {
    const matches = either(tokens);
    return (rows) => rows.filter(matches);
  },
  parse,
  stats,
  sort,
  limit(tokens) {
    const count = Number(tokens.take());
    return (rows) => rows.slice(0, count);
  },
};

/**
 * A query of CloudWatch Logs Insights over log lines, as much of the language as the project uses.
 * @throws for a command, a function or an operator that it does not know
 */
export function runQuery(query: string, events: readonly LogEvent[]): readonly Row[] {
  const text = query
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n");
  let rows: readonly Row[] = events.map(discover);
  let shown: readonly string[] | undefined;
  // No string of ours holds a bar.
  for (const part of text.split("|")) {
    const [, name = "", rest = ""] = /^\s*(\w+)\s([\s\S]*)$/.exec(part) ?? [];
    const tokens = new Tokens(rest);
    const read = commands[name];
    if (name === "fields") shown = tokens.list(() => fieldName(tokens));
    else if (read) rows = read(tokens)(rows);
    else throw new Error(`The command ${name} is not known here`);
    tokens.end();
  }
  if (!shown) return rows;
  const columns = shown;
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
}
