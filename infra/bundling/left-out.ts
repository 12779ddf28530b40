import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { deflateRawSync } from "node:zlib";
import * as z from "zod";

/** A module of a dependency that a bundle holds in another form, or not at all. */
export interface Replacement {
  /** The end of its path under `node_modules`. */
  readonly module: string;
  /** The one function that needs it as it is. */
  readonly except?: string;
  /** JavaScript in its place. @param path of the module itself */
  readonly instead: (path: string) => string | Promise<string>;
}

const wasm = z.instanceof(Uint8Array);
const namesAndValues = z.record(z.string(), z.unknown());
const require = createRequire(import.meta.url);

/** Says so when it is loaded, which only happens when something needs it after all. */
const unloaded = (what: string) => () => thrown(what);

/** Keeps the names, and says so when one of them is called. */
const uncalled = (what: string) => async (path: string) => {
  const names = Object.keys(namesAndValues.parse({ ...(await import(path)) }));
  const exported = names.map((name) => `leftOut as ${name}`);
  return `const leftOut = () => { ${thrown(what)} }; export { ${exported.join(", ")} };`;
};

/** Keeps some constants, and says so when another is read. */
const only = (what: string, kept: readonly string[]) => (path: string) => {
  const all = Object.entries(namesAndValues.parse(require(path)));
  const values = all.filter(([name]) => kept.includes(name));
  const others = all.map(([name]) => name).filter((name) => !kept.includes(name));
  return `module.exports = ${JSON.stringify(Object.fromEntries(values))};
    for (const name of ${JSON.stringify(others)})
      Object.defineProperty(module.exports, name, { get() { ${thrown(what)} } });`;
};

/** Changes one place in it. @throws when it is not there any more */
const edited = (from: string, to: string) => async (path: string) => {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} has no ${from} any more`);
  return text.replace(from, to);
};

/**
 * The errors of AWS that a bundle knows by their class: those that our code tells apart by it, and the one by which the
 * SDK knows that it may repeat a call.
 */
export const errorClasses: readonly string[] = [
  "ConditionalCheckFailedException",
  "ConflictException",
  "ReplicatedWriteConflictException",
];

const REGISTRATION = /^n0_registry\.registerError\((\w+)\$, \w+\);$/gm;

/** @throws when it registers no errors any more */
const fewErrors = async (path: string) => {
  const text = await readFile(path, "utf8");
  if (text.search(REGISTRATION) < 0) throw new Error(`${path} registers no errors any more`);
  return text.replaceAll(REGISTRATION, (line, name) => (errorClasses.includes(name) ? line : ""));
};

const thrown = (what: string) =>
  `throw new Error(${JSON.stringify(`${what} is left out of the bundles (infra/bundling/left-out.ts)`)});`;

/**
 * What no function ever reaches, half of all the code otherwise. Each says how that is known; what is reached after
 * all throws an error that names it. A path that no longer exists is an error of the build.
 */
export const replacements: readonly Replacement[] = [
  {
    // The default chain looks into the environment first, where Lambda puts the role's credentials. What comes after
    // it (SSO, profiles, web identity, instance metadata) brings three more clients.
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    module: "@aws-sdk/credential-provider-node/dist-es/index.js",
    instead: () => `export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";`,
  },
  {
    // Of the clients here only DynamoDB's makes one, and none of its commands has the middleware that would ask it.
    module: "@aws-sdk/endpoint-cache/dist-es/index.js",
    instead: () => "export class EndpointCache {}",
  },
  {
    // Imported when an operation's input or output is a stream of events. None of DynamoDB, SQS and Scheduler is.
    module: "@smithy/core/dist-es/submodules/event-streams/index.js",
    instead: unloaded("The SDK's event streams"),
  },
  {
    // Asked for whatever the environment does not say: ~/.aws/config and credentials, which Lambda does not have.
    // https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
    module: "@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js",
    instead: () => `export const CONFIG_PREFIX_SEPARATOR = ".";
      export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  },
  // Some seventy classes, one for each error of each operation. What is not registered arrives as the exception that
  // all of them extend, under its own name and with its own message, and is repeated by that name or by its status.
  ...["dynamodb", "sqs", "scheduler"].map((client) => ({
    module: `@aws-sdk/client-${client}/dist-es/schemas/schemas_0.js`,
    instead: fewErrors,
  })),
  {
    // Looks whether there is a global `crypto`, for which Node loads all of Web Crypto.
    module: "@smithy/core/dist-es/submodules/serde/uuid/v4.js",
    instead: () =>
      `import { randomUUID } from "node:crypto"; export const bindV4 = () => () => randomUUID();`,
  },
  {
    // Looks whether a body is a file's stream, for which Node loads all that reads files and folders. Ours are text and bytes.
    module: "@smithy/core/dist-es/submodules/serde/util-body-length/calculateBodyLength.js",
    instead: () => "export const calculateBodyLength = (body) => (body ? Buffer.byteLength(body) : 0);",
  },
  {
    // Made for clients that are given no handler of their own (shared/aws/request-handler.ts). It loads Node's HTTPS.
    module: "@smithy/node-http-handler/dist-es/index.js",
    instead: () => `import { streamCollector } from "@smithy/core/serde";
      export { streamCollector };
      export const NodeHttpHandler = { create(handler) {
        if (typeof handler?.handle !== "function") { ${thrown("The SDK's own HTTP handler")} }
        return handler;
      } };`,
  },
  // undici asks Node's HTTP client, which it replaces, for two things: the class of a stream that it never gets from us,
  // and the most bytes of an answer's headers, of which this is Node's default.
  {
    module: "undici/lib/core/util.js",
    instead: edited("const { IncomingMessage } = require('node:http')", "class IncomingMessage {}"),
  },
  {
    module: "undici/lib/dispatcher/client.js",
    instead: edited("const http = require('node:http')", "const http = { maxHeaderSize: 16_384 }"),
  },
  {
    // Called for a socket that negotiated h2. Ours only ever offer http/1.1 (shared/http/connect.ts,
    // shared/aws/request-handler.ts).
    module: "undici/lib/dispatcher/client-h2.js",
    instead: () => `module.exports = () => { ${thrown("HTTP/2")} };`,
  },
  {
    // Required for a body that is a FormData. Ours are text and bytes.
    module: "undici/lib/web/fetch/body.js",
    instead: unloaded("undici's fetch"),
  },
  { module: "undici/lib/web/fetch/formdata.js", instead: unloaded("undici's FormData") },
  { module: "undici/lib/web/webidl/index.js", instead: unloaded("undici's WebIDL") },
  {
    // Required where WebAssembly has no SIMD, or for Jest. Lambda's arm64 has it.
    module: "undici/lib/llhttp/llhttp-wasm.js",
    instead: unloaded("The HTTP parser without SIMD"),
  },
  {
    // The HTTP parser, in base64. Deflated it is a third of that, for a millisecond at the first connection.
    module: "undici/lib/llhttp/llhttp_simd-wasm.js",
    instead(path) {
      const deflated = deflateRawSync(wasm.parse(require(path)), { level: 9 }).toString("base64");
      return `module.exports = require("node:zlib").inflateRawSync(Buffer.from("${deflated}", "base64"));`;
    },
  },
  {
    // Tables of methods, headers and characters, of which a client only looks at these two.
    module: "undici/lib/llhttp/constants.js",
    instead: only("A table of the HTTP parser", ["TYPE", "ERROR"]),
  },
  // JSON Schemas are made of zod's for openapi.json alone.
  {
    module: "zod/v4/core/to-json-schema.js",
    except: "site",
    instead: uncalled("JSON Schema"),
  },
  {
    module: "zod/v4/core/json-schema-processors.js",
    except: "site",
    instead: uncalled("JSON Schema"),
  },
];
