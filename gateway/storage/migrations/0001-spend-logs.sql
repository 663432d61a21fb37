-- One settled exchange a row. The key begins with the time, so that it is also the index by time
-- and fits a table partitioned by day.
create table colonnade.spend_logs (
  started_at timestamptz not null,
  id uuid not null,
  prompt_tokens bigint,
  completion_tokens bigint,
  total_tokens bigint,
  cached_tokens bigint,
  reasoning_tokens bigint,
  images bigint,
  characters bigint,
  audio_seconds double precision,
  duration_ms integer not null,
  first_byte_ms integer,
  status smallint not null,
  attempts smallint not null,
  is_stream boolean not null,
  module text not null,
  endpoint text not null,
  model text not null,
  deployment_id text,
  provider text,
  upstream_model text,
  caller text not null,
  outcome text not null,
  primary key (started_at, id)
);
