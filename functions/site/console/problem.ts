export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** A call that was refused, or that never got through: then its status is 0. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(status: number, detail: string, errors: readonly FieldError[] = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }

  /** What is wrong with a field, or with something in it: `url` also finds `url.0`. */
  of(field: string): string | undefined {
    return this.errors.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message;
  }

  /** What is wrong with exactly this field. */
  at(field: string): string | undefined {
    return this.errors.find(({ path }) => path === field)?.message;
  }
}

/** Whatever was thrown, as something to show. */
export function toProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem(0, "The console itself failed. Reload the page.");
}

/** A `application/problem+json` answer (RFC 9457), or any other that is not a success. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const { detail, errors } = (typeof body === "object" && body !== null ? body : {}) as {
    detail?: string;
    errors?: FieldError[];
  };
  return new Problem(
    response.status,
    detail ?? `The API answered ${response.status}. Try again in a moment.`,
    errors,
  );
}
