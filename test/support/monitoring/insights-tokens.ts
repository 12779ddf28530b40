const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(\/(?:[^/\\]|\\.)+\/)|(\d+[smhd]\b)|(\d+(?:\.\d+)?)|([@A-Za-z_][\w.@]*)|(!=|>=|<=|[=<>(),*]))/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[0].trim();
    if (token === undefined) throw new Error(`The query language has no ${text.slice(at, at + 20)}`);
    tokens.push(token);
  }
  return tokens;
}

/** One token after the other, of one command. */
export class Tokens {
  private readonly left: string[];
  constructor(text: string) {
    this.left = tokensOf(text);
  }
  get next(): string {
    return this.left[0] ?? "";
  }
  get isAtEnd(): boolean {
    return this.left.length === 0;
  }
  take(): string {
    return this.left.shift() ?? "";
  }
  /** @returns whether it was there */
  skip(token: string): boolean {
    return this.next === token && this.left.shift() !== undefined;
  }
  expect(token: string): void {
    if (!this.skip(token)) throw new Error(`${token} expected, not ${this.next || "the end"}`);
  }
  list<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.skip(",")) items.push(read());
    return items;
  }
  end(): void {
    if (!this.isAtEnd) throw new Error(`Nothing expected, not ${this.next}`);
  }
}
