import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";

/** In the order of preference. `build.ts` makes them. */
export const encodings = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;
export type Encoding = (typeof encodings)[number]["name"];

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export interface Asset {
  readonly contentType: string;
  /** Of the content, however it is encoded. */
  readonly hash: string;
  readonly plain: Buffer;
  readonly encoded: Readonly<Partial<Record<Encoding, Buffer>>>;
}

/** Finds an asset by the path it was built to, such as `console/app.js`. */
export type FindAsset = (path: string) => Asset | undefined;

/**
 * Opens a folder of built assets. Only what is in the folder's listing is ever read, so a path is a key, not a place
 * on the disk: there is nothing to climb out of. Files are read when first asked for, and kept.
 */
export function openAssets(folder: URL): FindAsset {
  const read = new Map<string, Asset>();
  let known: ReadonlySet<string> | undefined;

  return function findAsset(path) {
    known ??= existsSync(folder)
      ? new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }))
      : new Set();
    const contentType = contentTypes[extname(path)];
    if (contentType === undefined || !known.has(path)) return undefined;
    const asset = read.get(path) ?? readAsset(folder, path, contentType);
    read.set(path, asset);
    return asset;
  };
}

function readAsset(folder: URL, path: string, contentType: string): Asset {
  const plain = readFileSync(new URL(path, folder));
  const encoded = encodings
    .map(({ name, suffix }) => [name, new URL(path + suffix, folder)] as const)
    .filter(([, file]) => existsSync(file))
    .map(([name, file]) => [name, readFileSync(file)]);
  return {
    contentType,
    hash: createHash("sha256").update(plain).digest("base64url").slice(0, 22),
    plain,
    encoded: Object.fromEntries(encoded),
  };
}
