import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import * as z from "zod";
import { messageOf } from "../failure.ts";
import { closeServer, listen } from "../http-server.ts";
import type { Service } from "../services/services.ts";
import { localRegion } from "../settings.ts";
import { ACCOUNT } from "../template/intrinsics.ts";
import { createScheduleRequest, DEFAULT_GROUP, SchedulerError } from "./requests.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ScheduleStore, StoredSchedule } from "./store.ts";

export interface SchedulerServerOptions {
  readonly scheduler: Scheduler;
  readonly store: ScheduleStore;
  /** Schedule groups that exist, besides `default`. */
  readonly groups: readonly string[];
}

/**
 * EventBridge Scheduler's REST-JSON API, as far as a one-shot schedule needs it, on any free loopback port.
 */
export async function startSchedulerServer(options: SchedulerServerOptions): Promise<Service> {
  const server = createServer(async function handleRequest(request, response) {
    try {
      reply(response, 200, await answer(request, options));
    } catch (error) {
      replyError(response, error);
    }
  });
  return { url: await listen(server, 0), stop: () => closeServer(server) };
}

async function answer(
  request: IncomingMessage,
  { scheduler, store, groups }: SchedulerServerOptions,
): Promise<object> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://scheduler");
  const [, resource, encodedName] = pathname.split("/");
  if (resource !== "schedules")
    throw new SchedulerError("ValidationException", `Unknown operation ${pathname}.`);
  const name = encodedName === undefined ? undefined : decodeURIComponent(encodedName);
  const groupName = searchParams.get("groupName") ?? DEFAULT_GROUP;

  if (request.method === "GET" && name === undefined) {
    return { Schedules: store.list().filter(matching(searchParams)).map(summary) };
  }
  if (request.method === "POST" && name !== undefined) {
    const body = z.record(z.string(), z.unknown()).parse(await json(request));
    const { ClientToken, ...definition } = createScheduleRequest.parse({ ...body, Name: name });
    if (![DEFAULT_GROUP, ...groups].includes(definition.GroupName)) {
      throw new SchedulerError(
        "ResourceNotFoundException",
        `Schedule group ${definition.GroupName} does not exist.`,
      );
    }
    scheduler.create(definition, ClientToken);
    return { ScheduleArn: arnOf(definition.GroupName, name) };
  }
  if (request.method === "GET" && name !== undefined) {
    const found = store.find(groupName, name);
    if (!found) throw notFound(name);
    return details(found);
  }
  if (request.method === "DELETE" && name !== undefined) {
    if (!store.remove(groupName, name)) throw notFound(name);
    return {};
  }
  throw new SchedulerError("ValidationException", `Unknown operation ${request.method} ${pathname}.`);
}

function matching(query: URLSearchParams) {
  const group = query.get("ScheduleGroup");
  const prefix = query.get("NamePrefix") ?? "";
  return ({ definition: { GroupName, Name } }: StoredSchedule) =>
    (group === null || group === GroupName) && Name.startsWith(prefix);
}

const summary = ({ definition: { GroupName, Name, State, Target }, createdAtMs }: StoredSchedule) => ({
  Arn: arnOf(GroupName, Name),
  Name,
  GroupName,
  State,
  Target: { Arn: Target.Arn },
  CreationDate: createdAtMs / 1_000,
});

const details = (schedule: StoredSchedule) => ({ ...summary(schedule), ...schedule.definition });

const arnOf = (groupName: string, name: string) =>
  `arn:aws:scheduler:${localRegion}:${ACCOUNT}:schedule/${groupName}/${name}`;

const notFound = (name: string) =>
  new SchedulerError("ResourceNotFoundException", `Schedule ${name} does not exist.`);

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function replyError(response: ServerResponse, thrown: unknown): void {
  const { status, name, message } = toSchedulerError(thrown);
  reply(response, status, { Message: message }, { "x-amzn-errortype": name });
}

const problems = (error: z.core.$ZodError) =>
  error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");

function toSchedulerError(thrown: unknown): { status: number; name: string; message: string } {
  if (thrown instanceof SchedulerError) return thrown;
  if (thrown instanceof z.core.$ZodError) return new SchedulerError("ValidationException", problems(thrown));
  if (thrown instanceof SyntaxError || thrown instanceof URIError) {
    return new SchedulerError("ValidationException", thrown.message);
  }
  return { status: 500, name: "InternalServerException", message: messageOf(thrown) };
}
