import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { loadFunctions, mergeEnvironments } from "../../infra/local/lambda/lambda.ts";
import type { LambdaFunction } from "../../infra/local/template/wiring.ts";
import { log } from "../../shared/log.ts";
import { temporaryFolder } from "./support.ts";

const aFunction = (overrides: Partial<LambdaFunction> = {}): LambdaFunction => ({
  name: "work",
  physicalName: "stack-Work",
  arn: "arn:aws:lambda:us-east-1:000000000000:function:stack-Work",
  timeoutSeconds: 5,
  memoryMiB: 128,
  environment: {},
  ...overrides,
});

/** Loads a `work` function with this source. */
function load(source: string, overrides?: Partial<LambdaFunction>) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "work"));
  writeFileSync(join(folder, "work/handler.ts"), source);
  return loadFunctions([aFunction(overrides)], pathToFileURL(`${folder}/`));
}

// What the pieces log about the failures that are played here.
beforeAll(() => void vi.spyOn(log, "error").mockReturnValue());

describe("loadFunctions", () => {
  test("calls the handler with the event and a Lambda context", async () => {
    const invoke = await load(
      `export const handler = async (event, { functionName, awsRequestId, getRemainingTimeInMillis }) =>
        ({ event, functionName, awsRequestId, remaining: getRemainingTimeInMillis() })`,
    );
    const answer = await invoke("work", { a: 1 });
    expect(answer).toMatchObject({
      event: { a: 1 },
      functionName: "stack-Work",
      awsRequestId: expect.any(String),
    });
    expect(answer).toHaveProperty("remaining", expect.closeTo(5_000, -2));
  });

  test("passes on what the handler throws", async () => {
    const invoke = await load(`export const handler = async () => { throw new Error("Unauthorized"); }`);
    await expect(invoke("work", {})).rejects.toThrow("Unauthorized");
  });

  test("gives up on a handler that takes longer than its timeout", async () => {
    const invoke = await load(`export const handler = () => new Promise(() => {})`, { timeoutSeconds: 0.05 });
    await expect(invoke("work", {})).rejects.toThrow("timed out");
  });

  test("refuses a module without a handler", async () => {
    await expect(load("export const main = 1")).rejects.toThrow();
  });
});

describe("mergeEnvironments", () => {
  test("joins what the functions agree on", () => {
    const merged = mergeEnvironments([
      { name: "a", environment: { TABLE: "t", A: "1" } },
      { name: "b", environment: { TABLE: "t", B: "2" } },
    ]);
    expect(merged).toEqual({ TABLE: "t", A: "1", B: "2" });
  });

  test("refuses a variable that two functions disagree on, naming it and them", () => {
    const clash = [
      { name: "a", environment: { TABLE: "t" } },
      { name: "b", environment: { TABLE: "u" } },
    ];
    expect(() => mergeEnvironments(clash)).toThrow("TABLE differs: t for a, u for b");
  });
});
