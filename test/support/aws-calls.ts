import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { DiagnosticsChannel } from "undici";

export interface AwsCall {
  /** As AWS names it: `DynamoDB_20120810.GetItem`, `AmazonSQS.SendMessage`. */
  readonly target: string;
  body(): string;
}

const CHANNEL = "undici:request:create";
const TARGET = "x-amz-target";

/** Every AWS call that this process makes from now on, repetitions included. What goes to endpoints has no target. */
export function watchAwsCalls(onCall: (call: AwsCall) => void): { stop(): void } {
  function note(message: unknown) {
    const { request } = message as DiagnosticsChannel.RequestCreateMessage;
    // Names and values in turn.
    const name = request.headers.indexOf(TARGET);
    if (name >= 0) onCall({ target: String(request.headers[name + 1]), body: () => textOf(request) });
  }
  subscribe(CHANNEL, note);
  return { stop: () => void unsubscribe(CHANNEL, note) };
}

/** Its types leave the body out. */
function textOf(request: object): string {
  const body = "body" in request ? request.body : undefined;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  return String(body);
}
