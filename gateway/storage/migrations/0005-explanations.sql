-- Why exchanges of the last hour went where they went. Worth nothing after a crash of the server: not logged ahead.
create unlogged table colonnade.explanations (
  ended_at timestamptz not null default now(),
  id uuid not null,
  call_id text not null,
  module text not null,
  explanation json not null
);
create index explanations_id on colonnade.explanations (id);
create index explanations_call_id on colonnade.explanations (call_id);
create index explanations_ended_at on colonnade.explanations (ended_at);
