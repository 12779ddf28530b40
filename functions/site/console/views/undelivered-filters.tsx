import { useState } from "preact/hooks";
import { SelectField, TextField } from "../components/field.tsx";
import { WebhookSelect } from "../components/webhook-select.tsx";

export interface Filters {
  readonly hook_id: string;
  /** ISO 8601, or empty. */
  readonly since: string;
  readonly until: string;
}

const HOUR_MS = 3_600_000;
const spans = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS } as const;
type Span = keyof typeof spans | "any" | "custom";
const options: readonly (readonly [Span, string])[] = [
  ["any", "Any time"],
  ["hour", "Last hour"],
  ["day", "Last 24 hours"],
  ["week", "Last 7 days"],
  ["custom", "Between…"],
];

interface UndeliveredFiltersProps {
  filters: Filters;
  search: string;
  onFilters: (changed: Partial<Filters>) => void;
  onSearch: (search: string) => void;
}

export function UndeliveredFilters({ filters, search, onFilters, onSearch }: UndeliveredFiltersProps) {
  const [span, setSpan] = useState<Span>(filters.since || filters.until ? "custom" : "any");
  function choose(next: Span) {
    setSpan(next);
    if (next === "any") onFilters({ since: "", until: "" });
    else if (next !== "custom") {
      onFilters({ since: new Date(Date.now() - spans[next]).toISOString(), until: "" });
    }
  }
  return (
    <search class="filters">
      <TextField
        label="Search"
        type="search"
        placeholder="Event ID, URL or reason"
        value={search}
        onInput={onSearch}
      />
      <WebhookSelect
        value={filters.hook_id}
        none="All webhooks"
        onChange={(hook_id) => onFilters({ hook_id })}
      />
      <SelectField label="Time" value={span} options={options} onChange={choose} />
      {span === "custom" && (
        <>
          <MomentField label="Since" value={filters.since} onChange={(since) => onFilters({ since })} />
          <MomentField label="Until" value={filters.until} onChange={(until) => onFilters({ until })} />
        </>
      )}
    </search>
  );
}

interface MomentFieldProps {
  label: string;
  value: string;
  onChange: (iso: string) => void;
}

function MomentField({ label, value, onChange }: MomentFieldProps) {
  return (
    <TextField
      label={label}
      type="datetime-local"
      value={toLocal(value)}
      onInput={(local) => onChange(local && new Date(local).toISOString())}
    />
  );
}

/** What a `datetime-local` input takes: the clock on the wall, to the minute, without a zone. */
function toLocal(iso: string): string {
  if (iso === "" || Number.isNaN(Date.parse(iso))) return "";
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
