import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { codeOf, messageOf, StartFailure } from "./failure.ts";
import { IN_MEMORY } from "./settings.ts";

const SQLITE_BUSY = 5;
const sqliteError = z.object({ errcode: z.number() });

/**
 * Makes the run's folder if need be. Payloads and a key are in it, so it is its owner's alone.
 * @throws StartFailure
 */
export function prepareDataDir(dataDir: string): void {
  if (dataDir === IN_MEMORY) return;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new StartFailure(
      `Cannot write to DATA_DIR ${dataDir} (${codeOf(error) ?? messageOf(error)}): choose another folder.`,
    );
  }
}

/**
 * Opens the scheduler's database, and locks it for as long as this process lives: the lock says that the
 * whole folder is taken. The operating system frees it, even after `kill -9`.
 * @throws StartFailure when another run has it
 */
export function openLockedDatabase(dataDir: string): DatabaseSync {
  if (dataDir === IN_MEMORY) return new DatabaseSync(IN_MEMORY);
  const file = join(dataDir, "scheduler.db");
  try {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; COMMIT");
    return database;
  } catch (error) {
    const busy = sqliteError.safeParse(error).data?.errcode === SQLITE_BUSY;
    if (busy)
      throw new StartFailure(`DATA_DIR ${dataDir} is in use by another run: stop that one, or set DATA_DIR.`);
    throw new StartFailure(`Cannot open ${file}: ${messageOf(error)}.`);
  }
}
