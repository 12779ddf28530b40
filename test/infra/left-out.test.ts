import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorClasses } from "../../infra/bundling/left-out.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("bundles hold the class of each error of AWS that is told apart by it", async () => {
  const asked = new Set<string>();
  for await (const file of glob("{shared,functions}/**/*.ts", { cwd: root })) {
    const text = await readFile(root + file, "utf8");
    const names = [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-/g)].flatMap(([, list = ""]) =>
      list.split(",").map((name) => name.trim()),
    );
    for (const [, name = ""] of text.matchAll(/instanceof (\w+)/g)) if (names.includes(name)) asked.add(name);
  }
  expect([...asked].sort()).toEqual(["ConditionalCheckFailedException", "ConflictException"]);
  for (const name of asked) expect(errorClasses).toContain(name);
});

test("bundles hold the class of each error that the SDK repeats for being of it", async () => {
  const retryable: string[] = [];
  for (const client of ["dynamodb", "sqs", "scheduler"]) {
    const file = `${root}node_modules/@aws-sdk/client-${client}/dist-es/models/errors.js`;
    const classes = (await readFile(file, "utf8")).split(/^export class /m).slice(1);
    for (const text of classes) if (text.includes("$retryable")) retryable.push(/^\w+/.exec(text)?.[0] ?? "");
  }
  expect(retryable).not.toEqual([]);
  for (const name of retryable) expect(errorClasses).toContain(name);
});
