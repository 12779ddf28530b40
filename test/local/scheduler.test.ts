import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  SchedulerClient,
  ValidationException,
} from "@aws-sdk/client-scheduler";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openLockedDatabase } from "../../infra/local/data-dir.ts";
import { randomFrom } from "../../infra/local/scheduler/random.ts";
import { startScheduler } from "../../infra/local/scheduler/scheduler.ts";
import { startSchedulerServer } from "../../infra/local/scheduler/server.ts";
import { createScheduleStore } from "../../infra/local/scheduler/store.ts";
import { createSchedulerTarget, type SchedulerTarget } from "../../infra/local/scheduler/target.ts";
import { startSqs } from "../../infra/local/services/services.ts";
import { clientOptions } from "../../infra/local/settings.ts";
import { log } from "../../shared/log.ts";
import { until } from "../support/local-run.ts";
import { queueArn, queueUrl, sqsTools, temporaryFolder } from "./support.ts";

const GROUP = "retries";

interface Sent {
  readonly body: string;
  readonly atMs: number;
}

/** A target that notes what it is sent; `failures` of its first calls fail. */
function aTarget(failures = 0) {
  const sent: Sent[] = [];
  const buried: string[] = [];
  let left = failures;
  const target: SchedulerTarget = {
    async send(input) {
      if (left-- > 0) throw new Error("SQS is down");
      sent.push({ body: JSON.parse(input).MessageBody, atMs: Date.now() });
    },
    async bury(arn) {
      buried.push(arn);
    },
  };
  return { target, sent, buried };
}

async function startTestScheduler(given: {
  target: SchedulerTarget;
  dataDir?: string;
  latenessSeconds?: number;
  seed?: number;
}) {
  const store = createScheduleStore(openLockedDatabase(given.dataDir ?? ":memory:"));
  const { target, latenessSeconds = 0, seed } = given;
  const scheduler = startScheduler({ store, target, latenessSeconds, random: randomFrom(seed) });
  const server = await startSchedulerServer({ scheduler, store, groups: [GROUP] });
  const client = new SchedulerClient({ ...clientOptions(server.url), maxAttempts: 1 });
  let stopped = false;
  async function stop() {
    if (stopped) return;
    stopped = true;
    client.destroy();
    await server.stop();
    await scheduler.stop();
  }
  onTestFinished(stop);
  return { client, store, stop };
}

/** The next whole second that is at least this far away: a schedule's time has no milliseconds. */
const secondsFromNow = (seconds: number) => Math.ceil(Date.now() / 1_000 + seconds) * 1_000;
const at = (instantMs: number) => `at(${new Date(instantMs).toISOString().slice(0, 19)})`;

function aSchedule(overrides: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput {
  const Name = overrides.Name ?? "retry-1";
  return {
    Name,
    GroupName: GROUP,
    ScheduleExpression: at(secondsFromNow(3_600)),
    FlexibleTimeWindow: { Mode: "OFF" },
    ActionAfterCompletion: "DELETE",
    Target: {
      Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
      RoleArn: "arn:aws:iam::000000000000:role/scheduler",
      Input: JSON.stringify({ QueueUrl: "http://127.0.0.1:1/000000000000/jobs", MessageBody: Name }),
    },
    ...overrides,
  };
}

const create = (client: SchedulerClient, overrides?: Partial<CreateScheduleCommandInput>) =>
  client.send(new CreateScheduleCommand(aSchedule(overrides)));
const get = (client: SchedulerClient, Name = "retry-1") =>
  client.send(new GetScheduleCommand({ GroupName: GROUP, Name }));

// What the pieces log about the failures that are played here.
beforeAll(() => void vi.spyOn(log, "error").mockReturnValue());

describe("firing", () => {
  test("fires once, within 100 ms of its time, and is then gone", async () => {
    const { target, sent } = aTarget();
    const { client } = await startTestScheduler({ target });
    const dueAtMs = secondsFromNow(0.2);
    await create(client, { ScheduleExpression: at(dueAtMs) });

    const { body, atMs } = await until(() => sent[0]);
    expect(body).toBe("retry-1");
    expect(atMs - dueAtMs).toBeGreaterThanOrEqual(0);
    expect(atMs - dueAtMs).toBeLessThan(100);
    await until(() =>
      get(client).then(
        () => false,
        (error) => error instanceof ResourceNotFoundException,
      ),
    );
    expect(sent).toHaveLength(1);
  });

  test("keeps a schedule that is not to be deleted, and does not fire it again", async () => {
    const { target, sent } = aTarget();
    const { client, store } = await startTestScheduler({ target });
    await create(client, { ScheduleExpression: at(secondsFromNow(0)), ActionAfterCompletion: "NONE" });
    await until(() => sent[0]);
    await until(() => store.find(GROUP, "retry-1")?.fireAtMs === null);
    expect(store.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
  });

  test("fires after a restart what was not due before it, and what came due while it was down", async () => {
    const dataDir = temporaryFolder();
    const first = await startTestScheduler({ target: aTarget().target, dataDir });
    const missedAtMs = secondsFromNow(0.1);
    await create(first.client, { Name: "missed", ScheduleExpression: at(missedAtMs) });
    await create(first.client, { Name: "later", ScheduleExpression: at(missedAtMs + 1_000) });
    await first.stop();
    await until(() => Date.now() > missedAtMs);

    const { target, sent } = aTarget();
    await startTestScheduler({ target, dataDir });
    await until(() => sent.length === 2);
    expect(sent.map(({ body }) => body)).toEqual(["missed", "later"]);
  });

  test("tries again when SQS fails", async () => {
    const { target, sent } = aTarget(1);
    const { client } = await startTestScheduler({ target });
    await create(client, { ScheduleExpression: at(secondsFromNow(0)) });
    await until(() => sent[0]);
  });

  test("gives up after its retry policy, to the dead-letter queue", async () => {
    const { target, sent, buried } = aTarget(1);
    const { client } = await startTestScheduler({ target });
    const { Target } = aSchedule();
    if (!Target) throw new Error("no target");
    await create(client, {
      ScheduleExpression: at(secondsFromNow(0)),
      Target: {
        ...Target,
        DeadLetterConfig: { Arn: queueArn("dead") },
        RetryPolicy: { MaximumRetryAttempts: 0 },
      },
    });
    expect(await until(() => buried[0])).toBe(queueArn("dead"));
    expect(sent).toEqual([]);
  });

  test("goes to the queue of this run, although the schedule names an earlier run's port", async () => {
    const sqs = await startSqs(":memory:");
    onTestFinished(sqs.stop);
    const { createQueue, receive } = sqsTools(sqs.url);
    const url = await createQueue("jobs");
    const { client } = await startTestScheduler({ target: createSchedulerTarget(sqs.url) });
    await create(client, { ScheduleExpression: at(secondsFromNow(0)) });
    const [message] = await receive(url, 5);
    expect(message?.Body).toBe("retry-1");
    expect(url).toBe(queueUrl(sqs.url, "jobs"));
  });

  test("replaces the keywords of context attributes in its input, as AWS does, and no other text", async () => {
    const sqs = await startSqs(":memory:");
    onTestFinished(sqs.stop);
    const { createQueue, receive } = sqsTools(sqs.url);
    const QueueUrl = await createQueue("jobs");
    const MessageBody = "<aws.scheduler.execution-id> <aws.scheduler.scheduled-time> <aws.scheduler.else>";
    await createSchedulerTarget(sqs.url).send(JSON.stringify({ QueueUrl, MessageBody }));
    const [message] = await receive(QueueUrl, 5);
    expect(message?.Body).toMatch(/^[^<> ]+ [^<> ]+ <aws\.scheduler\.else>$/);
  });
});

describe("lateness", () => {
  async function fireTimes(seed: number): Promise<(number | null | undefined)[]> {
    const { client, store, stop } = await startTestScheduler({
      target: aTarget().target,
      latenessSeconds: 60,
      seed,
    });
    const ScheduleExpression = "at(2100-01-01T00:00:00)";
    for (const Name of ["a", "b", "c"]) await create(client, { Name, ScheduleExpression });
    const times = ["a", "b", "c"].map((name) => store.find(GROUP, name)?.fireAtMs);
    await stop();
    return times;
  }

  test("is up to the given seconds, and the same for the same seed", async () => {
    const times = await fireTimes(7);
    const dueAtMs = Date.UTC(2100, 0, 1);
    expect(new Set(times).size).toBe(3);
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(dueAtMs);
      expect(time).toBeLessThan(dueAtMs + 60_000);
    }
    expect(await fireTimes(7)).toEqual(times);
    expect(await fireTimes(8)).not.toEqual(times);
  });

  test("is drawn once: a restart does not change it", async () => {
    const dataDir = temporaryFolder();
    const given = { target: aTarget().target, dataDir, latenessSeconds: 60 };
    const first = await startTestScheduler(given);
    await create(first.client);
    const before = first.store.find(GROUP, "retry-1")?.fireAtMs;
    await first.stop();
    const second = await startTestScheduler(given);
    expect(second.store.find(GROUP, "retry-1")?.fireAtMs).toBe(before);
  });
});

describe("the API", () => {
  test("gives back what was created, and lists it", async () => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    const schedule = aSchedule();
    const { ScheduleArn } = await create(client, schedule);
    expect(ScheduleArn).toMatch(/:schedule\/retries\/retry-1$/);
    expect(await get(client)).toMatchObject({
      Arn: ScheduleArn,
      Name: "retry-1",
      ScheduleExpression: schedule.ScheduleExpression,
      CreationDate: expect.any(Date),
    });
    const { Schedules } = await client.send(
      new ListSchedulesCommand({ GroupName: GROUP, NamePrefix: "retry" }),
    );
    expect(Schedules?.map(({ Name }) => Name)).toEqual(["retry-1"]);
  });

  test("forgets a deleted schedule", async () => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    await create(client);
    await client.send(new DeleteScheduleCommand({ GroupName: GROUP, Name: "retry-1" }));
    await expect(get(client)).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(
      client.send(new DeleteScheduleCommand({ GroupName: GROUP, Name: "retry-1" })),
    ).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test("refuses a name that is taken in its group, naming it, but not in another group", async () => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    await create(client);
    const refusal = await create(client).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConflictException);
    expect(String(refusal)).toContain("retry-1");
    await create(client, { GroupName: "default" });
  });

  test("answers the same client token twice with the same schedule", async () => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    const first = await create(client, { ClientToken: "token" });
    expect((await create(client, { ClientToken: "token" })).ScheduleArn).toBe(first.ScheduleArn);
  });

  test.each([
    ["a time in the past", { ScheduleExpression: at(Date.now() - 60_000) }],
    ["a recurring expression", { ScheduleExpression: "rate(5 minutes)" }],
    ["a date that does not exist", { ScheduleExpression: "at(2100-02-31T99:00:00)" }],
    [
      "a target other than SQS",
      { Target: { Arn: "arn:aws:lambda:us-east-1:0:function:x", RoleArn: "r", Input: "{}" } },
    ],
    ["an input that is no SendMessage request", { Target: { ...aSchedule().Target, Input: "{" } }],
  ])("refuses %s", async (_, overrides) => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    await expect(create(client, overrides as Partial<CreateScheduleCommandInput>)).rejects.toBeInstanceOf(
      ValidationException,
    );
  });

  test("accepts the current second, which has begun already", async () => {
    const { target, sent } = aTarget();
    const { client } = await startTestScheduler({ target });
    await create(client, { ScheduleExpression: at(Math.floor(Date.now() / 1_000) * 1_000) });
    await until(() => sent[0]);
  });

  test("does not know a group that the template does not make", async () => {
    const { client } = await startTestScheduler({ target: aTarget().target });
    await expect(create(client, { GroupName: "nowhere" })).rejects.toBeInstanceOf(ResourceNotFoundException);
  });
});
