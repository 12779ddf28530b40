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
