import { Problem } from "../../shared/domain/problem.ts";
import type { ApiRequest, FileAnswer, Operation } from "../../shared/http/api.ts";
import { type Asset, type Encoding, encodings, type FindAsset } from "./assets.ts";

type Folder = "docs" | "console";

/** Own files and nothing else: no inline script, no other origin, no frame around us, no form that posts by itself. */
const policy = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
  "base-uri": "'none'",
};

const securityHeaders = {
  "content-security-policy": Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "permissions-policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)",
  "cross-origin-opener-policy": "same-origin",
};

/** The pages, each a folder of static files: `index.html` at the folder's own path, the rest under it. */
export function createSite(findAsset: FindAsset) {
  function answer(path: string, { headers }: ApiRequest): FileAnswer {
    const asset = findAsset(path);
    if (!asset) throw new Problem("not-found", "There is no such file");
    const encoding = chooseEncoding(asset, headers["accept-encoding"]);
    // Weak: the same content in another encoding has other bytes.
    const etag = `W/"${asset.hash}"`;
    const common = {
      ...securityHeaders,
      etag,
      // Kept, but asked about each time: a deployment is seen at once, and what is unchanged costs no bytes.
      "cache-control": "no-cache",
      vary: "accept-encoding",
      "content-type": asset.contentType,
    };
    if (headers["if-none-match"]?.split(/,\s*/).includes(etag)) {
      return { status: 304, headers: common, bytes: Buffer.alloc(0) };
    }
    if (encoding === undefined) return { status: 200, headers: common, bytes: asset.plain };
    const [name, bytes] = encoding;
    return { status: 200, headers: { ...common, "content-encoding": name }, bytes };
  }

  return {
    page:
      (folder: Folder): Operation =>
      async (request) =>
        answer(`${folder}/index.html`, request),
    file:
      (folder: Folder): Operation =>
      async (request) =>
        answer(`${folder}/${request.path.file}`, request),
  };
}

/** The best encoding that the client takes and the asset has (RFC 9110 §12.5.3, without weighing its weights). */
function chooseEncoding(asset: Asset, accepted = ""): readonly [Encoding, Buffer] | undefined {
  const taken = accepted
    .toLowerCase()
    .split(",")
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, weight]) => weight === undefined || !/^q=0(\.0*)?$/.test(weight))
    .map(([name]) => name);
  for (const { name } of encodings) {
    const bytes = asset.encoded[name];
    if (bytes && taken.includes(name)) return [name, bytes];
  }
  return undefined;
}
