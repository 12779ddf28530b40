import type { LookupFunction } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { createSender } from "../../shared/http/send.ts";
import { openRules } from "../support/outgoing.ts";

/**
 * The sender in a process of its own, so that its memory can be told from the receivers'. Does what it is told
 * over IPC; test/hostile/sender.ts is the other end.
 */
const command = z.discriminatedUnion("do", [
  z.object({
    do: z.literal("send"),
    id: z.number(),
    url: z.string(),
    attempts: z.number(),
    bodyBytes: z.number(),
  }),
  z.object({ do: z.literal("measure"), id: z.number() }),
]);

const GAP_MS = 100;
const SAMPLE_MS = 20;

/** Made-up hosts. Every other is this machine. */
const lookup: LookupFunction = function lookupHere(hostname, _options, callback) {
  const found = (...addresses: string[]) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  if (hostname === "never.test") return;
  if (hostname === "late.test") return void setTimeout(found, 9900, "127.0.0.1");
  if (hostname === "in-vain.test")
    return found(...Array.from({ length: 1000 }, (_, n) => `127.1.${n >> 8}.${n & 255}`));
  if (hostname === "the-last.test")
    return found(...Array.from({ length: 999 }, (_, n) => `127.1.${n >> 8}.${n & 255}`), "127.0.0.1");
  if (hostname === "same.test") return found(...Array.from({ length: 1000 }, () => "127.0.0.1"));
  return found("127.0.0.1");
};

const { send, close } = createSender({ rules: openRules, userAgent: "claimr-webhooks/test", lookup });

let peakBytes = 0;
const sampler = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, SAMPLE_MS);

async function makeAttempts({
  url,
  attempts,
  bodyBytes,
}: {
  url: string;
  attempts: number;
  bodyBytes: number;
}) {
  const exchanges = [];
  for (let n = 0; n < attempts; n++) {
    if (n > 0) await sleep(GAP_MS);
    const headers = { "webhook-id": "hostile", "webhook-timestamp": String(n) };
    exchanges.push(await send({ url, headers, body: "x".repeat(bodyBytes) }));
  }
  return exchanges;
}

function measure() {
  globalThis.gc?.();
  const rssBytes = process.memoryUsage.rss();
  const measured = {
    rssBytes,
    peakBytes: Math.max(peakBytes, rssBytes),
    resources: process.getActiveResourcesInfo(),
  };
  peakBytes = 0;
  return measured;
}

process.on("message", async function obey(message) {
  const told = command.parse(message);
  process.send?.({ id: told.id, result: told.do === "send" ? await makeAttempts(told) : measure() });
});
process.once("disconnect", async function stop() {
  clearInterval(sampler);
  await close();
});
