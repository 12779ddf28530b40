import { CampaignsField } from "../components/campaigns-field.tsx";
import { SelectField } from "../components/field.tsx";
import { UrlList } from "../components/url-list.tsx";
import type { Problem } from "../problem.ts";
import { scopeHints, scopeLabels } from "../scopes.ts";
import { type Scope, scopes } from "../types.ts";

export interface WebhookDraft {
  readonly scope: Scope;
  readonly url: readonly string[];
  readonly campaigns: readonly string[];
}

interface WebhookFieldsProps {
  draft: WebhookDraft;
  problem: Problem | undefined;
  onChange: (draft: WebhookDraft) => void;
}

/** What a webhook has both when it is assigned and when it is edited. */
export function WebhookFields({ draft, problem, onChange }: WebhookFieldsProps) {
  return (
    <>
      <SelectField
        label="Scope"
        hint={`${scopeHints[draft.scope]}.`}
        error={problem?.of("scope")}
        value={draft.scope}
        options={scopes.map((scope) => [scope, `${scopeLabels[scope]} (${scope})`] as const)}
        onChange={(scope) => onChange({ ...draft, scope })}
      />
      <UrlList urls={draft.url} problem={problem} onChange={(url) => onChange({ ...draft, url })} />
      <CampaignsField
        campaigns={draft.campaigns}
        error={problem?.of("campaigns")}
        onChange={(campaigns) => onChange({ ...draft, campaigns })}
      />
    </>
  );
}

/** The problem, unless all of it is said at the fields. */
export const beyondFields = (problem: Problem | undefined) =>
  problem && problem.errors.length === 0 ? problem : undefined;
