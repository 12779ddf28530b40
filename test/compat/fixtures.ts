import { readdirSync, readFileSync } from "node:fs";
import * as z from "zod";

const folder = new URL("messages/", import.meta.url);
const record = z.record(z.string(), z.unknown());
const schema = z.object({
  from: z.object({ commit: z.string(), version: z.string() }).loose(),
  messages: z.object({
    events: z.array(record),
    deliveries: z.array(record),
    schedules: z.array(record),
    redeliveries: z.array(record),
  }),
  items: z.object({
    apiKeys: z.array(record),
    webhooks: z.array(record),
    deliveries: z.array(record),
    jobs: z.array(record),
    undelivered: z.array(record),
  }),
});
export type Fixture = z.infer<typeof schema>;

export const parseFixture = (text: string): Fixture => schema.parse(JSON.parse(text));

/** What the code of each version has put on queues and into tables, oldest first: `messages/<number>.json`. */
export const fixtures = readdirSync(folder)
  .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  .map((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    return { file, text, ...parseFixture(text) };
  });
