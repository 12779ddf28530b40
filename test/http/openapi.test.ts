import { readFile } from "node:fs/promises";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Document, type RulesetDefinition, Spectral } from "@stoplight/spectral-core";
import * as Parsers from "@stoplight/spectral-parsers";
import { oas } from "@stoplight/spectral-rulesets";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../../shared/http/openapi/document.ts";

const source = `${JSON.stringify(openApiDocument(), null, 2)}\n`;

describe("the OpenAPI document", () => {
  test("stands in the repository as it is served (npm run openapi)", async () => {
    expect(await readFile(new URL("../../docs/openapi.json", import.meta.url), "utf8")).toBe(source);
  });

  test("passes Redocly's recommended-strict without a word", async () => {
    const config = await createConfig({ extends: ["recommended-strict"] });
    const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  test("passes Spectral's oas rules without a word", async () => {
    const spectral = new Spectral();
    spectral.setRuleset({ extends: [oas as RulesetDefinition] });
    const results = await spectral.run(new Document(source, Parsers.Json, "/openapi.json"));
    expect(results.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
  });

  test("tells the linters from linters that always nod", async () => {
    const broken = source.replace('"operationId": "listWebhooks",', "");
    const config = await createConfig({ extends: ["recommended-strict"] });
    expect(await lintFromString({ source: broken, absoluteRef: "/openapi.json", config })).not.toEqual([]);
  });
});
