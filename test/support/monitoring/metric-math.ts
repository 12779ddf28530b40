/** The value of one period; undefined where there is none. */
export type Value = number | undefined;
type Term = (read: (id: string) => Value) => Value;

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([a-z][A-Za-z0-9_]*)|([A-Z]+)|(>=|<=|==|[-+*/(),<>]))/y;

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const [, ...found] = TOKEN.exec(expression) ?? [];
    const token = found.find((one) => one !== undefined);
    if (token === undefined) throw new Error(`Metric math has no ${expression.slice(at, at + 10)}`);
    tokens.push(token);
  }
  return tokens;
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => Value>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  // CloudWatch has no data point where one would be divided by zero.
  "/": (a, b) => (b === 0 ? undefined : a / b),
  ">=": (a, b) => Number(a >= b),
  "<=": (a, b) => Number(a <= b),
  "==": (a, b) => Number(a === b),
  ">": (a, b) => Number(a > b),
  "<": (a, b) => Number(a < b),
};

/** From what binds least to what binds most. */
const LEVELS = [
  [">=", "<=", "==", ">", "<"],
  ["+", "-"],
  ["*", "/"],
];

type Apply = (values: readonly Value[]) => Value;

const functions: Readonly<Record<string, Apply>> = {
  IF: ([condition, yes, no]) => (condition === undefined ? undefined : condition === 0 ? no : yes),
};

/**
 * AWS does not say what an alarm makes of FILL where a metric has no data in its whole window, so an alarm is taken
 * to make nothing of it.
 */
const fill: Readonly<Record<"graph" | "alarm", Apply>> = {
  graph: ([value, otherwise]) => value ?? otherwise,
  alarm: ([value]) => value,
};

/**
 * CloudWatch's metric math, as much of it as the stack uses, for one period at a time.
 * @param reader who asks: FILL is relied on for graphs only
 * @throws for a function, operator or letter that it does not know
 */
export function metricMath(expression: string, reader: keyof typeof fill = "graph"): Term {
  const tokens = tokensOf(expression);

  function expect(token: string): void {
    const found = tokens.shift();
    if (found !== token) throw new Error(`${expression}: ${token} expected, not ${found}`);
  }

  function binary(level: number): Term {
    const operators = LEVELS[level];
    if (!operators) return operand();
    let left = binary(level + 1);
    while (operators.includes(tokens[0] ?? "")) {
      const compute = arithmetic[tokens.shift() ?? ""];
      const [a, b] = [left, binary(level + 1)];
      left = (read) => {
        const [x, y] = [a(read), b(read)];
        return x === undefined || y === undefined ? undefined : compute?.(x, y);
      };
    }
    return left;
  }

  function list(end: string): Term[] {
    const items = [binary(0)];
    while (tokens[0] === ",") {
      tokens.shift();
      items.push(binary(0));
    }
    expect(end);
    return items;
  }

  function operand(): Term {
    const token = tokens.shift() ?? "";
    if (/^\d/.test(token)) return () => Number(token);
    if (/^[a-z]/.test(token)) return (read) => read(token);
    if (token === "(") {
      const inner = binary(0);
      expect(")");
      return inner;
    }
    const apply = token === "FILL" ? fill[reader] : functions[token];
    if (!apply) throw new Error(`Metric math as the stack uses it has no ${token}`);
    expect("(");
    const given = list(")");
    return (read) => apply(given.map((item) => item(read)));
  }

  const whole = binary(0);
  if (tokens.length > 0) throw new Error(`${expression}: nothing expected after its end, not ${tokens[0]}`);
  return whole;
}
