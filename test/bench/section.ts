import type { StartSender } from "./load/sender.ts";

/** What a figure must reach, if anything. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One number of a section. Its name is unique within the section. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** As it is printed: "ms", "deliveries/s", "× ceiling", "$ per million". Empty for a plain ratio. */
  readonly unit: string;
  readonly goal?: Goal;
}

export interface Measured {
  readonly figures: readonly Figure[];
  /** What charts are drawn from, by name: latencies, latenesses. Of the last run. */
  readonly samples?: Readonly<Record<string, readonly number[]>>;
  /** What whoever reads the figures must know of this run, in sentences. */
  readonly notes?: readonly string[];
}

/** A figure over several runs. */
export interface Summary extends Figure {
  /** `value` is the median of these. */
  readonly runs: readonly number[];
}

interface Axis {
  readonly title: string;
  readonly isLogarithmic?: boolean;
}

export interface Chart {
  /** Of the file, without extension. */
  readonly name: string;
  readonly title: string;
  readonly kind: "bar" | "line";
  readonly x: Axis;
  readonly y: Axis;
  /** What stands below the bars, or the places on the x axis. */
  readonly categories: readonly (string | number)[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** A goal, drawn as a line across. */
  readonly limit?: { readonly name: string; readonly y: number };
}

export interface Section {
  readonly name: string;
  readonly title: string;
  /** How often it is measured; the median counts. */
  readonly runs: number;
  /** Whether the same load can be put on another sender. */
  readonly takesSender?: boolean;
  /** @param startSender of the sender to measure instead of this product, for a section that takes one */
  measure(startSender?: StartSender): Promise<Measured>;
  charts(figures: readonly Summary[], samples: Readonly<Record<string, readonly number[]>>): Chart[];
}

export const figureOf = (figures: readonly Figure[], name: string): number => {
  const found = figures.find((figure) => figure.name === name);
  if (!found) throw new Error(`No figure is named ${name}`);
  return found.value;
};

export const isReached = ({ value, goal }: Figure): boolean =>
  goal === undefined || ("atLeast" in goal ? value >= goal.atLeast : value <= goal.atMost);
