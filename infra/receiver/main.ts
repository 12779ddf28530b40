import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Webhook } from "standardwebhooks";
import * as z from "zod";

const usage = `Prints what arrives at an endpoint, and whether its signature holds.

  npm run receiver -- --secret whsec_…      as the registration showed it; free text works too
                      --port 4000
                      --fail 2              answers 500 to the first two attempts of every event
                      --slow 12             answers after so many seconds (a sender gives up after ten)`;

const seconds = z.coerce.number().min(0).max(3_600).default(0);
const settings = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(4_000),
  secret: z.string().optional(),
  fail: z.coerce.number().int().min(0).default(0),
  slow: seconds,
});
type Settings = z.infer<typeof settings>;

/** The verification that a receiver needs: over the raw body, before anything parses it. */
function judge(secret: string | undefined, body: Buffer, headers: IncomingMessage["headers"]): string {
  if (secret === undefined) return "signature not checked: start with --secret";
  const isEncoded = secret.startsWith("whsec_");
  const webhook = isEncoded ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: "raw" });
  const flat = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  try {
    webhook.verify(body.toString(), Object.fromEntries(flat));
    return "signature holds";
  } catch (error) {
    return `SIGNATURE DOES NOT HOLD: ${error instanceof Error ? error.message : error}`;
  }
}

function createReceiver({ secret, fail, slow }: Settings) {
  const attempts = new Map<string, number>();

  return async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const id = String(request.headers["webhook-id"] ?? "(no webhook-id)");
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    const status = attempt <= fail ? 500 : 200;
    const verdict = judge(secret, body, request.headers);
    console.log(`${new Date().toISOString()}  ${id}  attempt ${attempt}  ${verdict}  → ${status}\n  ${body}`);
    await sleep(slow * 1_000);
    response.writeHead(status).end();
  };
}

function main() {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      secret: { type: "string" },
      fail: { type: "string" },
      slow: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(usage);
  const given = settings.parse(values);
  const receive = createReceiver(given);
  const server = createServer((request, response) => void receive(request, response).catch(console.error));
  server.on("error", (error) => {
    console.error(`Cannot listen on port ${given.port}: ${error.message}`);
    process.exitCode = 1;
  });
  server.listen(given.port, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : given.port;
    console.log(`Listening on http://127.0.0.1:${port}/ (Ctrl-C stops)`);
  });
}

try {
  main();
} catch (error) {
  console.error(error instanceof z.core.$ZodError ? z.prettifyError(error) : String(error));
  console.error(`\n${usage}`);
  process.exitCode = 1;
}
