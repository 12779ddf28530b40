import { useId, useState } from "preact/hooks";
import { TextField } from "./field.tsx";

interface CampaignsFieldProps {
  campaigns: readonly string[];
  error: string | undefined;
  onChange: (campaigns: string[]) => void;
}

/** All campaigns, or only some. An empty list means all. */
export function CampaignsField({ campaigns, error, onChange }: CampaignsFieldProps) {
  const name = useId();
  const [isNarrowed, setNarrowed] = useState(campaigns.length > 0);
  const [text, setText] = useState(campaigns.join(", "));
  function choose(narrowed: boolean) {
    setNarrowed(narrowed);
    onChange(narrowed ? split(text) : []);
  }
  return (
    <fieldset class="field">
      <legend>Campaigns</legend>
      <div class="choices">
        <label>
          <input type="radio" name={name} checked={!isNarrowed} onChange={() => choose(false)} />
          All campaigns
        </label>
        <label>
          <input type="radio" name={name} checked={isNarrowed} onChange={() => choose(true)} />
          Only some
        </label>
      </div>
      {isNarrowed && (
        <TextField
          label="Campaign IDs"
          hint="Separated by commas"
          placeholder="sue7r1vO, k2P9xQ0a"
          mono
          required
          error={error}
          value={text}
          onInput={(value) => {
            setText(value);
            onChange(split(value));
          }}
        />
      )}
    </fieldset>
  );
}

const split = (text: string) => [...new Set(text.split(/[\s,]+/).filter(Boolean))];
