import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "./api.ts";
import { type Problem, toProblem } from "./problem.ts";

const ApiContext = createContext<Api | undefined>(undefined);
export const ApiProvider = ApiContext.Provider;

/** The API with the key that is signed in. */
export function useApi(): Api {
  const api = useContext(ApiContext);
  if (!api) throw new Error("No one is signed in");
  return api;
}

export interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly problem: Problem | undefined;
  reload(): void;
  set(value: Value): void;
}

/** Loads something when the view appears, and again whenever `key` changes. */
export function useLoad<Value>(load: () => Promise<Value>, key: string): Loaded<Value> {
  const [state, setState] = useState<{ value?: Value; problem?: Problem }>({});
  const [round, setRound] = useState(0);
  useEffect(
    function loadNow() {
      let isCurrent = true;
      load().then(
        (value) => isCurrent && setState({ value }),
        (thrown) => isCurrent && setState({ problem: toProblem(thrown) }),
      );
      return () => {
        isCurrent = false;
      };
    },
    [key, round],
  );
  return {
    value: state.value,
    problem: state.problem,
    reload: () => setRound((before) => before + 1),
    set: (value) => setState({ value }),
  };
}

/** Something that the user starts: whether it runs, and what came of it. Resolves with whether it succeeded. */
export function useAction() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function run(action: () => Promise<unknown>): Promise<boolean> {
    setBusy(true);
    setProblem(undefined);
    try {
      await action();
      return true;
    } catch (thrown) {
      setProblem(toProblem(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { isBusy, problem, run };
}

/** Calls back every so often while the tab is visible, and at once when it becomes so. `undefined` rests. */
export function usePolling(callback: () => void, everyMs: number | undefined): void {
  const latest = useRef(callback);
  latest.current = callback;
  useEffect(
    function poll() {
      if (everyMs === undefined) return;
      const whenVisible = () => document.visibilityState === "visible" && latest.current();
      const timer = setInterval(whenVisible, everyMs);
      document.addEventListener("visibilitychange", whenVisible);
      return () => {
        clearInterval(timer);
        document.removeEventListener("visibilitychange", whenVisible);
      };
    },
    [everyMs],
  );
}

/** The time, to the second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  usePolling(() => setNow(Date.now()), 1_000);
  return now;
}
