import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { build } from "esbuild";

const gzip = promisify(zlib.gzip);
const brotli = promisify(zlib.brotliCompress);

const here = fileURLToPath(new URL("./", import.meta.url));
const swagger = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

/** Beyond 9, a second is spent on Swagger UI's bundle for a twentieth of its size. */
const BROTLI_QUALITY = 9;

/** What is served as it is. */
const copies = [
  ["console/index.html", `${here}console/index.html`],
  ["console/icon.svg", `${here}console/icon.svg`],
  ["docs/index.html", `${here}docs/index.html`],
  ["docs/docs.js", `${here}docs/docs.js`],
  ["docs/docs.css", `${here}docs/docs.css`],
  ["docs/swagger-ui.css", join(swagger, "swagger-ui.css")],
  ["docs/swagger-ui-bundle.js", join(swagger, "swagger-ui-bundle.js")],
] as const;

/**
 * Builds the pages' files, compressed ones beside them, into a folder: in a deployment's bundle, or for the local run.
 * May run several times at once on the same folder.
 */
export async function buildAssets(folder: string): Promise<void> {
  const copied = copies.map(async ([path, source]) => ({ path, content: await readFile(source) }));
  const files = [...(await bundleConsole()), ...(await Promise.all(copied))];
  await Promise.all(files.map(({ path, content }) => provide(join(folder, path), content)));
}

async function bundleConsole(): Promise<{ path: string; content: Uint8Array }[]> {
  const { outputFiles } = await build({
    entryPoints: [`${here}console/app.tsx`, `${here}console/app.css`],
    outdir: "console",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  return outputFiles.map(({ path, contents }) => ({ path: `console/${basename(path)}`, content: contents }));
}

async function provide(file: string, content: Uint8Array): Promise<void> {
  if (await isCurrent(file, content)) return;
  const [br, gz] = await Promise.all([
    brotli(content, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
    gzip(content, { level: zlib.constants.Z_BEST_COMPRESSION }),
  ]);
  await mkdir(dirname(file), { recursive: true });
  await replace(`${file}.br`, br);
  await replace(`${file}.gz`, gz);
  // Last, as its being current says that the other two are.
  await replace(file, content);
}

async function isCurrent(file: string, content: Uint8Array): Promise<boolean> {
  const existing = await readFile(file).catch(() => undefined);
  return existing?.equals(content) ?? false;
}

/** At once or not at all: another process may be reading the file, or writing the same. */
async function replace(file: string, content: Uint8Array): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("Which folder? node functions/site/build.ts <folder>");
  await buildAssets(folder);
}
