export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
  readonly body: any;
}

/** Calls the API; a `null` key sends none, and a string body goes as it is. */
export async function callApi(
  url: string,
  method: string,
  body: unknown,
  key: string | null,
): Promise<Answer> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...(key !== null && { authorization: `Bearer ${key}` }) },
    ...(body !== undefined && {
      body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  // As on API Gateway, an answer without content has a content type all the same.
  const isJson = text !== "" && response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
