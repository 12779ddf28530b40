import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { type ScheduleDefinition, scheduleDefinition } from "./requests.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS schedules (
    group_name TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    client_token TEXT,
    created_at_ms INTEGER NOT NULL,
    fire_at_ms INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (group_name, name)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS schedules_by_time ON schedules (fire_at_ms);
`;

const row = z
  .object({
    definition: z.string(),
    client_token: z.string().nullable(),
    created_at_ms: z.number(),
    fire_at_ms: z.number().nullable(),
    attempts: z.number(),
  })
  .transform((stored) => ({
    definition: scheduleDefinition.parse(JSON.parse(stored.definition)),
    clientToken: stored.client_token,
    createdAtMs: stored.created_at_ms,
    fireAtMs: stored.fire_at_ms,
    attempts: stored.attempts,
  }));

const named = z.array(
  z
    .object({ group_name: z.string(), name: z.string() })
    .transform((found) => ({ groupName: found.group_name, name: found.name })),
);
export type ScheduleName = z.infer<typeof named>[number];

export interface StoredSchedule {
  readonly definition: ScheduleDefinition;
  readonly clientToken: string | null;
  readonly createdAtMs: number;
  /** When to fire, lateness included; null once it has fired and is kept for being looked at. */
  readonly fireAtMs: number | null;
  /** Failed tries so far. */
  readonly attempts: number;
}

export type ScheduleStore = ReturnType<typeof createScheduleStore>;

/** The schedules, on disk before CreateSchedule answers. */
export function createScheduleStore(database: DatabaseSync) {
  database.exec(SCHEMA);
  const insert = database.prepare(
    `INSERT INTO schedules (group_name, name, definition, client_token, created_at_ms, fire_at_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const find = database.prepare("SELECT * FROM schedules WHERE group_name = ? AND name = ?");
  const list = database.prepare("SELECT * FROM schedules ORDER BY group_name, name");
  const remove = database.prepare("DELETE FROM schedules WHERE group_name = ? AND name = ?");
  const due = database.prepare(
    "SELECT group_name, name FROM schedules WHERE fire_at_ms <= ? ORDER BY fire_at_ms LIMIT ?",
  );
  const next = database.prepare("SELECT min(fire_at_ms) AS at FROM schedules WHERE fire_at_ms > ?");
  const reschedule = database.prepare(
    "UPDATE schedules SET fire_at_ms = ?, attempts = ? WHERE group_name = ? AND name = ?",
  );

  return {
    add({ definition, clientToken, createdAtMs, fireAtMs }: StoredSchedule): void {
      const { GroupName, Name } = definition;
      insert.run(GroupName, Name, JSON.stringify(definition), clientToken, createdAtMs, fireAtMs);
    },

    find(groupName: string, name: string): StoredSchedule | undefined {
      const found = find.get(groupName, name);
      return found && row.parse(found);
    },

    list: (): StoredSchedule[] => list.all().map((found) => row.parse(found)),

    /** @returns whether there was one */
    remove: (groupName: string, name: string): boolean => remove.run(groupName, name).changes > 0,

    /** The first `limit` whose time has come. By name: most of them are on their way already. */
    due: (nowMs: number, limit: number): ScheduleName[] => named.parse(due.all(nowMs, limit)),

    /** The next time after now that something is due. */
    nextAfter: (nowMs: number): number | null =>
      z.object({ at: z.number().nullable() }).parse(next.get(nowMs)).at,

    reschedule(
      { definition: { GroupName, Name } }: StoredSchedule,
      fireAtMs: number | null,
      attempts: number,
    ): void {
      reschedule.run(fireAtMs, attempts, GroupName, Name);
    },

    close: (): void => database.close(),
  };
}
