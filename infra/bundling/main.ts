import { bundle } from "./bundle.ts";

/** `node infra/bundling/main.ts <function> <folder>`: CDK bundles synchronously, and esbuild's plugins do not. */
const [name, folder] = process.argv.slice(2);
if (name === undefined || folder === undefined)
  throw new Error(
    "Give the name of a function and a folder: node infra/bundling/main.ts deliver /tmp/deliver",
  );
await bundle(name, folder);
