import type { SQSClient } from "@aws-sdk/client-sqs";
import { chunks } from "../../../shared/domain/chunks.ts";
import { MAX_MESSAGE_BYTES } from "../../../shared/domain/message-text.ts";
import { messageOf } from "../../local/failure.ts";
import { contentOf, type Letter } from "./letter.ts";
import { bytesOf, removeLetters, sendLetters } from "./move.ts";
import { countLetters, type DeadLetterQueue, MAX_RECEIVED, receive, release } from "./queues.ts";

/** Enough for a send and a delete, each repeated at its worst; after a crash they are seen again by then. */
const HIDDEN_SECONDS = 120;
const WORKERS = 4;
/** After so many empty answers a queue counts as empty. */
const MAX_EMPTY = 2;

export interface Redriven {
  /** How many there were when it began, as SQS counts. */
  readonly there: number;
  readonly moved: number;
  /** A sentence for each reason why some could not be moved. */
  readonly problems: readonly string[];
}

/**
 * Puts dead letters back on the queues they were on: received, sent, and only then deleted, so that a crash may
 * double a message, which the functions recognise, and never loses one. Ends after as many as were there when it
 * began: what fails again meanwhile is not taken round and round. The first that cannot be moved ends it.
 * @param report is told of the progress after each batch
 */
export async function redrive(
  sqs: Pick<SQSClient, "send">,
  queue: DeadLetterQueue,
  max: number,
  report: (moved: number, of: number) => void,
): Promise<Redriven> {
  const { ready, hidden } = await countLetters(sqs, queue.url);
  const wanted = Math.min(max, ready + hidden);
  const problems = new Set<string>();
  /** The ids that messages got on their new queue: SQS keeps them on the way back to the dead letters. */
  const newIds = new Set<string>();
  /** Out of sight until the end, or they would be handed out again and again. */
  const held: Letter[] = [];
  let claimed = 0;
  let moved = 0;

  async function moveTo(url: string, letters: readonly Letter[]): Promise<void> {
    const sent = await sendLetters(sqs, url, letters);
    for (const id of sent.newIds) newIds.add(id);
    const left = await removeLetters(sqs, queue.url, sent.letters);
    moved += sent.letters.length;
    held.push(...letters.filter((letter) => !sent.letters.includes(letter)));
    if (sent.refusal !== undefined) problems.add(sent.refusal);
    if (left.length > 0)
      problems.add(`${left.length} were put back, but SQS did not remove them here: they come twice`);
  }

  async function moveAll(letters: readonly Letter[]): Promise<void> {
    const [returned, fresh] = [true, false].map((is) =>
      letters.filter(({ messageId }) => newIds.has(messageId) === is),
    );
    held.push(...(returned ?? []));
    const byQueue = Map.groupBy(fresh ?? [], (letter) => queue.source[contentOf(letter).lane]);
    for (const [url, group] of byQueue) {
      for (const some of chunks(group, MAX_RECEIVED, MAX_MESSAGE_BYTES, bytesOf)) await moveTo(url, some);
    }
    report(moved, wanted);
  }

  async function work(): Promise<void> {
    let empty = 0;
    while (claimed < wanted && empty < MAX_EMPTY && problems.size === 0) {
      const claim = Math.min(MAX_RECEIVED, wanted - claimed);
      claimed += claim;
      const letters = await receive(sqs, queue.url, claim, HIDDEN_SECONDS);
      claimed -= claim - letters.length;
      empty = letters.length === 0 ? empty + 1 : 0;
      if (letters.length === 0) continue;
      await moveAll(letters).catch((error: unknown) => {
        held.push(...letters);
        problems.add(messageOf(error));
      });
    }
  }

  await Promise.all(Array.from({ length: WORKERS }, work));
  // Some may be gone: those that were moved before the failure.
  await release(sqs, queue.url, held);
  return { there: ready + hidden, moved, problems: [...problems] };
}
