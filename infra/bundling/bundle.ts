import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type Plugin } from "esbuild";
import * as z from "zod";
import { type Replacement, replacements } from "./left-out.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const manifest = z.object({ name: z.string().optional(), version: z.string().optional() });

/**
 * Bundles `functions/<name>/handler.ts` into `<folder>/index.mjs`, as it is deployed: an ES module with all it needs.
 * The SDK is bundled rather than taken from Lambda's runtime: the version tested is the version run.
 * @returns what went into it, and how much of it
 */
export async function bundle(name: string, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`functions/${name}/handler.ts`],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    // undici's own switch for the build without its experimental second parser, which Node's copy is made with.
    define: { esbuildDetection: "true" },
    plugins: [replace(replacements.filter(({ except }) => except !== name)), versionsOnly, plainBuiltins],
    metafile: true,
    logLevel: "warning",
  });
  return metafile;
}

/** @throws when a module is not there any more, as after an update */
function replace(all: readonly Replacement[]): Plugin {
  const byPath = new Map(all.map(({ module, instead }) => [join(root, "node_modules", module), instead]));
  return {
    name: "left-out",
    setup({ onLoad }) {
      for (const path of byPath.keys())
        if (!existsSync(path)) throw new Error(`${path} is not there any more`);
      onLoad({ filter: /node_modules.*\.js$/ }, async ({ path }) => {
        const contents = await byPath.get(path)?.(path);
        return contents === undefined ? undefined : { contents, resolveDir: dirname(path) };
      });
    },
  };
}

/** Clients import their whole `package.json` to say their version in the user agent. */
const versionsOnly: Plugin = {
  name: "versions-only",
  setup({ onLoad }) {
    onLoad({ filter: /\/package\.json$/ }, async ({ path }) => ({
      contents: JSON.stringify(manifest.parse(JSON.parse(await readFile(path, "utf8")))),
      loader: "json",
    }));
  },
};

/**
 * Node's own modules as `require` gives them, which an ES module does not have: to `import` one reads all its exports
 * and so loads, for `node:http`, a WebSocket client. A tenth of the start. Of a module that is imported, only what is
 * used is read; one that is required is handed over as it is.
 */
const plainBuiltins: Plugin = {
  name: "plain-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      isBuiltin(path)
        ? {
            path,
            namespace: kind === "import-statement" ? "imported-builtin" : "builtin",
            sideEffects: false,
          }
        : undefined,
    );
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    onLoad({ filter: /./, namespace: "imported-builtin" }, ({ path }) => ({ contents: namedExports(path) }));
  },
};

/** Each export is a call without effects, which goes when nobody imports its name. */
function namedExports(builtin: string): string {
  const names = Object.keys(process.getBuiltinModule(builtin) ?? {}).filter((name) => name !== "default");
  return `const $builtin = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(builtin)});
    const $read = (name) => $builtin[name];
    export default $builtin;
    ${names.map((name) => `export const ${name} = /* @__PURE__ */ $read(${JSON.stringify(name)});`).join("\n")}`;
}
