/**
 * One line for one thing that happened: an event name and its fields, never a secret and never a body.
 * Lambda's JSON log format adds time, level and request id to what `console` is given.
 */
export const log = {
  info(event: string, fields: Readonly<Record<string, unknown>>): void {
    console.info({ event, ...fields });
  },

  error(event: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    console.error({ event, ...fields, error: describe(error) });
  },
};

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, cause } = error;
  return {
    ...{ name, message: withoutQuote(error, error.message), stack: withoutQuote(error, error.stack) },
    ...(cause !== undefined && { cause: describe(cause) }),
    // The first few tell what the others would.
    ...(error instanceof AggregateError && { errors: error.errors.slice(0, 3).map(describe) }),
  };
}

/**
 * `JSON.parse` quotes the text that it could not read, which may be a body or a stored item, as in
 * `Unexpected token 'x', ..."secret: x"... is not valid JSON`.
 */
const withoutQuote = (error: Error, text: string | undefined) =>
  error instanceof SyntaxError
    ? text?.replace(
        /(?:Unexpected token '[\s\S]*?', )?(?:\.{3})?"[\s\S]*"(?:\.{3})? is not valid JSON/,
        "not valid JSON",
      )
    : text;
