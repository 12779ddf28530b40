import { once } from "node:events";
import { createServer } from "node:http";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { run } from "./local-run.ts";
import { startServices } from "./services.ts";

/**
 * The local run's services without its functions: what a command leaves on a queue or in a table stays there.
 * Commands find it on a port, as they find `npm start`.
 */
export async function startIdleStage() {
  const services = await startServices();
  const page = JSON.stringify({ ...services.urls, outputs: services.outputs });
  const server = createServer((_, response) => response.end(page)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const PORT = String(address.port);
  return {
    ...services,
    /** Runs `npm run <name>` against it. */
    command: (name: string, ...args: string[]) => run([`infra/commands/${name}/main.ts`, ...args], { PORT }),
    async stop() {
      server.close();
      await services.stop();
    },
  };
}
export type IdleStage = Awaited<ReturnType<typeof startIdleStage>>;

/** All that a table holds, in an order of its own. */
export async function allItems(client: DynamoDBDocumentClient, TableName: string) {
  const found: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) found.push(...Items);
  const keyOf = ({ pk, sk, account, hook_id, key_hash }: Record<string, unknown>) =>
    JSON.stringify([pk ?? account ?? key_hash, sk ?? hook_id]);
  return found.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}
