-- Responses that their callers may go on from, with what was asked; only where a module keeps them, and for its time.
create table colonnade.responses (
  expires_at timestamptz not null,
  id text primary key,
  previous_id text,
  module text not null,
  caller text not null,
  bytes integer not null,
  input json not null,
  response json not null
);
create index responses_expires_at on colonnade.responses (expires_at);
create index responses_previous_id on colonnade.responses (previous_id) where previous_id is not null;
