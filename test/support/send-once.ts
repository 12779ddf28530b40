import { get } from "node:http";
import { createSender } from "../../shared/http/send.ts";
import { hello, openRules } from "./outgoing.ts";

/** `sender` or `node:http`, and a URL: asks it once, in a process with an environment of its own. */
const [how, url = ""] = process.argv.slice(2);
if (how === "node:http") {
  get(url, (response) => response.resume());
} else {
  const { send, close } = createSender({ rules: openRules, userAgent: "claimr-webhooks/test" });
  const { error } = await send({ ...hello, url });
  console.log(JSON.stringify({ error }));
  await close();
}
