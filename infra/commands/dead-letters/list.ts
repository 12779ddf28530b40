import type { SQSClient } from "@aws-sdk/client-sqs";
import { aligned } from "../aligned.ts";
import { contentOf, type Letter } from "./letter.ts";
import { countLetters, type DeadLetterQueue, receive, release } from "./queues.ts";

/** As long as a sample may take to be gathered; it is shown again at the end, or else after this. */
const HIDDEN_SECONDS = 30;

/** How many dead letters there are, and what some of them are about. They stay where they are. */
export async function listLetters(
  sqs: Pick<SQSClient, "send">,
  queue: DeadLetterQueue,
  max: number,
  now: number,
): Promise<string[]> {
  const { ready, hidden } = await countLetters(sqs, queue.url);
  const letters = await sample(sqs, queue.url, max);
  const head = `${queue.name}: ${ready + hidden}${hidden > 0 ? `, ${hidden} of them hidden for the moment` : ""}`;
  if (letters.length === 0) return [head];
  const rows = letters
    .toSorted((a, b) => a.sentAt - b.sentAt)
    .map((letter) => {
      const { account, about, hookId, origin, lane } = contentOf(letter);
      const place = queue.name === "deliveries" ? lane : undefined;
      const known = [account, about, hookId, origin, place].map((value) => printable(value ?? "-"));
      return [age(now - letter.sentAt), String(letter.receiveCount), ...known];
    });
  const heads = ["age", "received", "account", "about", "hook", "endpoint", "lane"];
  return [head, ...aligned([heads, ...rows], "left").map((line) => `  ${line}`)];
}

async function sample(sqs: Pick<SQSClient, "send">, url: string, max: number): Promise<Letter[]> {
  const letters: Letter[] = [];
  try {
    while (letters.length < max) {
      const some = await receive(sqs, url, max - letters.length, HIDDEN_SECONDS);
      if (some.length === 0) break;
      letters.push(...some);
    }
  } finally {
    await release(sqs, url, letters);
  }
  return letters;
}

/** What nobody has checked goes to a terminal: without control characters, and not endless. */
const printable = (value: string) => value.replace(/\p{Cc}/gu, "?").slice(0, 80);

const MINUTE_MS = 60_000;

/** Roughly, in the two largest units. */
function age(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(ms / 1_000)} s`;
}
