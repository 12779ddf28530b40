import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { messageOf } from "../../../infra/local/failure.ts";
import type { Section } from "../section.ts";
import { SenderFailure, type StartSender } from "./sender.ts";

const adapter = z.object({
  startSender: z.custom<StartSender>((exported) => typeof exported === "function"),
});

/**
 * Reads the file that `--sender` names.
 * @param sections what it is to be measured by
 * @throws SenderFailure when there is no such file, it cannot be loaded or exports no `startSender`, or when one of the
 * sections only knows this product
 */
export async function readSender(file: string, sections: readonly Section[]): Promise<StartSender> {
  const own = sections.filter(({ takesSender }) => !takesSender).map(({ name }) => name);
  if (own.length > 0) {
    throw new SenderFailure(
      `--sender: name sections that take one, as throughput does; not ${own.join(", ")}.`,
    );
  }
  const path = resolve(file);
  if (!existsSync(path)) throw new SenderFailure(`--sender: there is no file ${path}.`);
  const module: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new SenderFailure(`--sender: ${path} cannot be loaded: ${messageOf(error)}`);
  });
  const { success, data } = adapter.safeParse({ ...Object(module) });
  if (success) return data.startSender;
  throw new SenderFailure(
    `--sender: ${path} exports no function startSender; docs/bench/comparing.md shows what it must export.`,
  );
}
