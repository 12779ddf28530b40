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
  const { name, message, stack, cause } = error;
  return {
    ...{ name, message, stack },
    ...(cause !== undefined && { cause: describe(cause) }),
    // The first few tell what the others would.
    ...(error instanceof AggregateError && { errors: error.errors.slice(0, 3).map(describe) }),
  };
}
