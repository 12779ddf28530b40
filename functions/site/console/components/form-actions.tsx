interface FormActionsProps {
  /** What submitting does, as the button says it. */
  submit: string;
  isBusy: boolean;
  onClose: () => void;
}

/** The last row of a dialog's form: leave it, or submit it. */
export function FormActions({ submit, isBusy, onClose }: FormActionsProps) {
  return (
    <div class="actions">
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" class="primary" disabled={isBusy}>
        {submit}
      </button>
    </div>
  );
}
