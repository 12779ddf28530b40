import type { BenchEvent } from "./event.ts";

/**
 * A sender under load: this one, or another to compare it with. docs/bench/comparing.md says how to write one.
 */
export interface Sender {
  readonly name: string;
  /** The most events that one `publish` takes. */
  readonly maxBatch: number;
  /** What runs of it while it is measured, for the reader of the figures: all share one machine. */
  readonly processes?: readonly string[];
  /** Resolves when every event published from now on goes to each of the endpoints. */
  register(urls: readonly string[]): Promise<void>;
  /** Resolves when the sender has taken the events. @throws when it has not */
  publish(events: readonly BenchEvent[]): Promise<void>;
  stop(): Promise<void>;
}

/** What `npm run bench -- --sender <file>` expects the file to export as `startSender`. */
export type StartSender = () => Promise<Sender>;

/** A sender cannot be measured, for a reason that whoever runs the bench can mend: the message says what and how. */
export class SenderFailure extends Error {
  override readonly name = "SenderFailure";
}
