import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { plainWords } from "../../../shared/domain/wording.ts";
import { messageOf } from "../../local/failure.ts";
import {
  fileOf,
  fromLine,
  MANIFEST,
  type Manifest,
  manifest,
  type TableKind,
  tableKinds,
} from "../backup/format.ts";
import type { RawItem } from "../items.ts";

/** Split at \n alone: readline also splits at U+2028 and U+2029, which may stand in JSON. */
async function* linesOf(path: string): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const chunk of createReadStream(path, "utf8")) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** The items of a backup's table, in the order of its file. */
export async function* readItems(folder: string, kind: TableKind): AsyncGenerator<RawItem, undefined> {
  let number = 0;
  for await (const text of linesOf(join(folder, fileOf(kind)))) {
    number += 1;
    try {
      yield fromLine(kind, text);
    } catch (cause) {
      throw new Error(`${fileOf(kind)}, line ${number} ${messageOf(cause)}`, { cause });
    }
  }
}

function readManifest(folder: string): Manifest {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
    return manifest.parse(parsed, { error: plainWords });
  } catch (cause) {
    const [issue] = cause instanceof z.core.$ZodError ? cause.issues : [];
    const reason = issue ? `${issue.path.join(".")} ${issue.message}` : messageOf(cause);
    throw new Error(`${folder} holds no whole backup: ${MANIFEST}: ${reason}`, { cause });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** The tables that a backup holds, each read through to its end. @throws Error in one sentence if any is not as it was */
export async function verifyBackup(folder: string): Promise<{ kinds: TableKind[]; backup: Manifest }> {
  const backup = readManifest(folder);
  const kinds = tableKinds.filter((kind) => backup.tables[kind] !== undefined);
  for (const kind of kinds) {
    const said = backup.tables[kind];
    try {
      if ((await sha256(join(folder, fileOf(kind)))) !== said?.sha256)
        throw new Error(`${fileOf(kind)} is not the file that was written`);
      let items = 0;
      for await (const _ of readItems(folder, kind)) items += 1;
      if (items !== said.items) throw new Error(`${fileOf(kind)} holds ${items} items, not ${said.items}`);
    } catch (cause) {
      throw new Error(`Nothing was restored: ${messageOf(cause)}.`, { cause });
    }
  }
  return { kinds, backup };
}
