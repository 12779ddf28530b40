import { toClock, toDuration, toIn } from "../format.ts";
import { useNow } from "../hooks.ts";
import { type TimeLine, timeLineOf } from "../time-line.ts";
import type { Attempt, Delivery } from "../types.ts";
import { CodeBlock } from "./code-block.tsx";
import { Icon } from "./icons.tsx";

const LANE_HEIGHT = 28;
const MIDDLE = LANE_HEIGHT / 2;
/** Below this an attempt counts as on time: queues and clocks have their grain. */
const ON_TIME_MS = 50;

/** A delivery's attempts, one lane each on a common time line: when it was due, when it ran, for how long. */
export function Attempts({ delivery }: { delivery: Delivery }) {
  const line = timeLineOf(delivery);
  const { attempts, next_attempt_at } = delivery;
  return (
    <div class="attempts">
      <div class="on-line">
        <Axis line={line} />
      </div>
      <ol>
        {attempts.map((attempt) => (
          <AttemptLane key={`${attempt.number} ${attempt.started_at}`} attempt={attempt} line={line} />
        ))}
        {next_attempt_at !== null && (
          <NextLane number={(attempts.at(-1)?.number ?? 0) + 1} dueAt={next_attempt_at} line={line} />
        )}
      </ol>
      <Legend />
    </div>
  );
}

function Axis({ line }: { line: TimeLine }) {
  return (
    <svg class="axis" aria-hidden="true" height="20">
      {line.ticks.map((tick, index) => {
        const x = line.at(line.start + tick);
        const anchor = index === 0 ? "start" : x > 92 ? "end" : "middle";
        return (
          <text key={tick} x={`${x}%`} y="14" text-anchor={anchor}>
            {tick === 0 ? "0" : `+${toDuration(tick)}`}
          </text>
        );
      })}
    </svg>
  );
}

function Grid({ line }: { line: TimeLine }) {
  return (
    <>
      {line.ticks.map((tick) => {
        const x = `${line.at(line.start + tick)}%`;
        return <line key={tick} class="grid" x1={x} x2={x} y1="0" y2="100%" />;
      })}
    </>
  );
}

function AttemptLane({ attempt, line }: { attempt: Attempt; line: TimeLine }) {
  const { number, error, status, response } = attempt;
  const [due, started] = [Date.parse(attempt.due_at), Date.parse(attempt.started_at)];
  const [dueX, startX, endX] = [due, started, started + attempt.duration_ms].map((ms) => `${line.at(ms)}%`);
  const late = started - due;
  return (
    <li class={`on-line ${error === null ? "good" : "bad"}`}>
      <span class="number">
        <Icon name={error === null ? "check" : "cross"} />
        {number}
      </span>
      <span class="lane">
        <svg aria-hidden="true">
          <Grid line={line} />
          <line class="late" x1={dueX} x2={startX} y1={MIDDLE} y2={MIDDLE} />
          <line class="due" x1={dueX} x2={dueX} y1="4" y2={LANE_HEIGHT - 4} />
          <line class="ran" x1={startX} x2={endX} y1={MIDDLE} y2={MIDDLE} />
        </svg>
      </span>
      <span class="outcome">
        <b>{error ?? `delivered, ${status}`}</b>
        <span class="quiet">
          {toClock(attempt.started_at)}, {late < ON_TIME_MS ? "on time" : `${toDuration(late)} late`}, took{" "}
          {toDuration(attempt.duration_ms)}
        </span>
        {response !== null && response !== "" && (
          <details class="response">
            <summary>Response</summary>
            <CodeBlock label={`Response to attempt ${number}`} text={response} />
          </details>
        )}
      </span>
    </li>
  );
}

function NextLane({ number, dueAt, line }: { number: number; dueAt: string; line: TimeLine }) {
  const now = useNow();
  const x = `${line.at(Date.parse(dueAt))}%`;
  return (
    <li class="on-line waiting">
      <span class="number">
        <Icon name="clock" />
        {number}
      </span>
      <span class="lane">
        <svg aria-hidden="true">
          <Grid line={line} />
          <line class="due" x1={x} x2={x} y1="4" y2={LANE_HEIGHT - 4} />
          <line class="now" x1={`${line.at(now)}%`} x2={x} y1={MIDDLE} y2={MIDDLE} />
        </svg>
      </span>
      <span class="outcome">
        <b>next attempt {toIn(dueAt, now)}</b>
        <span class="quiet">due {toClock(dueAt)}</span>
      </span>
    </li>
  );
}

function Legend() {
  return (
    <p class="legend" aria-hidden="true">
      <svg width="8" height="12" aria-hidden="true">
        <line class="due" x1="4" x2="4" y1="1" y2="11" />
      </svg>
      due
      <svg width="20" height="12" aria-hidden="true">
        <line class="ran" x1="5" x2="15" y1="6" y2="6" />
      </svg>
      request
      <svg width="20" height="12" aria-hidden="true">
        <line class="late" x1="1" x2="19" y1="6" y2="6" />
      </svg>
      lateness
    </p>
  );
}
