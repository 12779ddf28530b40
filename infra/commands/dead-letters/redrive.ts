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
/** So many in a row, and none before that was taken, are not the fault of single messages. */
const MAX_REFUSED = 100;

export interface Redriven {
  /** How many there were when it began, as SQS counts. */
  readonly there: number;
  readonly moved: number;
  /** A sentence for each reason why fewer were moved than asked for, at least one. */
  readonly problems: readonly string[];
}

/**
 * Puts dead letters back on the queues they were on: received, sent, and only then deleted, so that a crash may
 * double a message, which the functions recognise, and never loses one. Ends after as many as were there when it
 * began: what fails again meanwhile is not taken round and round. One that SQS refuses stays, and the others go on.
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
  let refused = 0;
  let isOver = false;

  function stop(problem: string) {
    problems.add(problem);
    isOver = true;
  }

  async function moveTo(url: string, letters: readonly Letter[]): Promise<void> {
    const sent = await sendLetters(sqs, url, letters);
    for (const id of sent.newIds) newIds.add(id);
    moved += sent.letters.length;
    refused += letters.length - sent.letters.length;
    held.push(...letters.filter((letter) => !sent.letters.includes(letter)));
    if (sent.refusal !== undefined) problems.add(sent.refusal);
    if (moved === 0 && refused >= MAX_REFUSED) isOver = true;
    const left = await removeLetters(sqs, queue.url, sent.letters);
    if (left.length > 0)
      stop(`${left.length} were put back, but SQS did not remove them here: they come twice`);
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
    while (!isOver && claimed < wanted && empty < MAX_EMPTY) {
      const claim = Math.min(MAX_RECEIVED, wanted - claimed);
      claimed += claim;
      let letters: Letter[] = [];
      try {
        letters = await receive(sqs, queue.url, claim, HIDDEN_SECONDS);
        claimed -= claim - letters.length;
        empty = letters.length === 0 ? empty + 1 : 0;
        if (letters.length > 0) await moveAll(letters);
      } catch (error) {
        held.push(...letters);
        stop(messageOf(error));
      }
    }
  }

  await Promise.all(Array.from({ length: WORKERS }, work));
  // Some may be gone: those that were moved before the failure.
  await release(sqs, queue.url, held).catch((error: unknown) => stop(messageOf(error)));
  if (moved < wanted && problems.size === 0) problems.add(fewer(wanted - moved, wanted));
  return { there: ready + hidden, moved, problems: [...problems] };
}

const fewer = (missing: number, wanted: number) =>
  `${missing} of ${wanted} were not put back: they are hidden by another reader, came back meanwhile, or are gone. Run it again in two minutes.`;
