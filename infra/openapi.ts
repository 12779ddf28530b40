import { writeFileSync } from "node:fs";
import { openApiDocument } from "../shared/http/openapi/document.ts";

/**
 * `npm run openapi`: the copy of the document that stands in the repository. A test fails when it is stale.
 */
const file = new URL("../docs/openapi.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
