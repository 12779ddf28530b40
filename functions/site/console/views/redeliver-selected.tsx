import { useEffect, useRef, useState } from "preact/hooks";
import { Modal } from "../components/modal.tsx";
import { Progress } from "../components/progress.tsx";
import { Failure } from "../components/states.tsx";
import { plural } from "../format.ts";
import { useApi } from "../hooks.ts";
import { Problem, toProblem } from "../problem.ts";
import type { Delivery } from "../types.ts";

interface RedeliverSelectedProps {
  rows: readonly Delivery[];
  onRedelivered: (id: string) => void;
  onClose: () => void;
}

/** Sends the selected rows again, one after the other. One that cannot be sent does not keep back the others. */
export function RedeliverSelected({ rows, onRedelivered, onClose }: RedeliverSelectedProps) {
  const api = useApi();
  const [planned] = useState(rows);
  const [done, setDone] = useState(0);
  const [refused, setRefused] = useState<readonly Problem[]>([]);
  const isStopped = useRef(false);

  useEffect(function redeliverAll() {
    async function redeliverEach() {
      for (const { id } of planned) {
        if (isStopped.current) return;
        try {
          await api.redeliver(id);
          onRedelivered(id);
        } catch (thrown) {
          setRefused((before) => [...before, toProblem(thrown)]);
        }
        setDone((before) => before + 1);
      }
    }
    void redeliverEach();
    return () => {
      isStopped.current = true;
    };
  }, []);

  const isOver = done === planned.length;
  const [first] = refused;
  return (
    <Modal title="Redeliver selected" onClose={onClose}>
      <Progress
        label={isOver ? "Sent again" : "Sending again"}
        done={done - refused.length}
        of={planned.length}
      />
      {first && (
        <Failure
          problem={new Problem(first.status, `${plural(refused.length, "row")} refused: ${first.message}`)}
        />
      )}
      <div class="actions">
        <button type="button" class={isOver ? "primary" : ""} onClick={onClose}>
          {isOver ? "Done" : "Stop"}
        </button>
      </div>
    </Modal>
  );
}
