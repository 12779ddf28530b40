import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Answer } from "../../support/call-api.ts";

const MAX_TRIES = 4;
const PAUSE_MS = 50;

export interface Answered extends Answer {
  /** How many times we failed before. */
  readonly failures: number;
}

/** A caller of the API who does as the answer says: what failed on our side is asked again. */
export function createApiClient(url: string, key: string) {
  async function once(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
  }

  return {
    async call(method: string, path: string, body?: unknown): Promise<Answered> {
      for (let failures = 0; ; failures++) {
        const answer = await once(method, path, body);
        if (answer.status < 500 || failures === MAX_TRIES) return { ...answer, failures };
        expect(answer.headers.get("content-type"), `${method} ${path}`).toBe("application/problem+json");
        // What the gateway answers by itself leaves the status to the status line.
        expect(answer.body.status ?? answer.status, `${method} ${path}`).toBe(answer.status);
        expect(Object.keys(answer.body).sort(), `${method} ${path}`).toEqual(
          expect.arrayContaining(["detail", "title", "type"]),
        );
        await sleep(PAUSE_MS);
      }
    },
  };
}
