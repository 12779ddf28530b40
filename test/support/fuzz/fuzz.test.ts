import { expect, test } from "vitest";
import { refusalProblem } from "./fuzz.ts";

const refusal = (detail: string) => ({ type: "about:blank", title: "Conflict", status: 409, detail });
const request = (given: object) => ({ target: "/webhooks", body: Buffer.from(JSON.stringify(given)) });

test("a refusal that repeats an id with the letters of SQS in it gives nothing away", () => {
  const hook_id = "VuE1I8mPUSQS0ZnaysMJP";
  const taken = refusal(`There is a webhook ${hook_id} already`);
  expect(refusalProblem(taken, request({ hook_id }), "POST")).toBeUndefined();
});

test.each(["SQS did not answer", "ConditionalCheckFailedException", "at handler (index.mjs:1:2)"])(
  "a refusal that says %j gives something away",
  (detail) => {
    expect(refusalProblem(refusal(detail), request({}), "POST")).toMatch(/^gives something away/);
  },
);

test("a refusal that repeats a secret is noticed, though the caller gave it", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  expect(refusalProblem(refusal(`Not ${secret}`), request({ secret }), "POST")).toBe("repeats a secret");
});
