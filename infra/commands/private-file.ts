import { chmodSync, closeSync, existsSync, openSync, rmSync } from "node:fs";

/** Read and written by their owner alone: secrets, hashes, people's data. */
const OWNER_ONLY = 0o600;

/**
 * Makes a new file that only its owner may read.
 * @returns its descriptor
 * @throws Error in one sentence when there is one already, unless `force` says to replace it
 */
export function openPrivateFile(path: string, force = false): number {
  if (existsSync(path)) {
    if (!force) throw new Error(`${path} is there already: give another name, or --force to replace it.`);
    // A file that others may read keeps that when it is written over.
    rmSync(path);
  }
  const file = openSync(path, "wx", OWNER_ONLY);
  try {
    chmodSync(path, OWNER_ONLY);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
