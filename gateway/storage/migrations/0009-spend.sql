-- Exchanges by weeks, so that old ones go with their table; and what they come to by day, so that a year of use is
-- a quick question.
alter table colonnade.spend_logs rename to spend_logs_before;
alter table colonnade.spend_logs_before rename constraint spend_logs_pkey to spend_logs_before_pkey;

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
  -- Billionths of a US dollar; null where nobody knows.
  cost_nano bigint,
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
  -- A key's id, or litellm_proxy_master_key.
  caller text not null,
  user_id text,
  team_id text,
  end_user text,
  tags text[],
  outcome text not null,
  primary key (started_at, id)
) partition by range (started_at);
-- What falls into no week that has a table yet.
create table colonnade.spend_logs_other partition of colonnade.spend_logs default;
create index spend_logs_id on colonnade.spend_logs (id);
-- Equal values alone, which take a few bytes a row; the weeks give the order.
create index spend_logs_caller on colonnade.spend_logs (caller);
create index spend_logs_user on colonnade.spend_logs (user_id) where user_id is not null;
create index spend_logs_team on colonnade.spend_logs (team_id) where team_id is not null;

-- One day in UTC; an empty text where an exchange has none of it.
create table colonnade.spend_days (
  day date not null,
  module text not null,
  caller text not null,
  user_id text not null,
  team_id text not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  successes bigint not null,
  -- Of which nobody knows the cost.
  unpriced bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  total_tokens bigint not null,
  cached_tokens bigint not null,
  reasoning_tokens bigint not null,
  images bigint not null,
  characters bigint not null,
  audio_seconds double precision not null,
  cost_nano bigint not null,
  duration_ms bigint not null,
  primary key (day, module, caller, user_id, team_id, model, provider)
) with (fillfactor = 80);
create index spend_days_caller on colonnade.spend_days (caller, day);
create index spend_days_user on colonnade.spend_days (user_id, day) where user_id <> '';
create index spend_days_team on colonnade.spend_days (team_id, day) where team_id <> '';

-- The same by names that callers give: an exchange with two tags stands under both.
create table colonnade.spend_names (
  kind text not null check (kind in ('tag', 'customer')),
  name text not null,
  day date not null,
  module text not null,
  requests bigint not null,
  successes bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  total_tokens bigint not null,
  cost_nano bigint not null,
  primary key (kind, name, day, module)
) with (fillfactor = 80);

-- How long modules keep their exchanges, and up to when the older ones are gone.
create table colonnade.spend_retention (
  module text primary key,
  keep_ms bigint,
  swept_to timestamptz not null default '-infinity'
);

-- Takes usage rows, each once however often it comes, and adds the new ones to the sums.
create function colonnade.add_spend(rows_json json) returns integer language sql as $$
  with added as (
    insert into colonnade.spend_logs (started_at, id, prompt_tokens, completion_tokens, total_tokens,
      cached_tokens, reasoning_tokens, images, characters, audio_seconds, cost_nano, duration_ms, first_byte_ms,
      status, attempts, is_stream, module, endpoint, model, deployment_id, provider, upstream_model, caller,
      user_id, team_id, end_user, tags, outcome)
    select to_timestamp(started_at_ms / 1000.0), id, prompt_tokens, completion_tokens, total_tokens,
      cached_tokens, reasoning_tokens, images, characters, audio_seconds, cost_nano, duration_ms, first_byte_ms,
      status, attempts, is_stream, module, endpoint, model, deployment_id, provider, upstream_model, caller,
      user_id, team_id, end_user, tags, outcome
    from json_to_recordset(rows_json) as row (started_at_ms double precision, id uuid, prompt_tokens bigint,
      completion_tokens bigint, total_tokens bigint, cached_tokens bigint, reasoning_tokens bigint, images bigint,
      characters bigint, audio_seconds double precision, cost_nano bigint, duration_ms integer,
      first_byte_ms integer, status smallint, attempts smallint, is_stream boolean, module text, endpoint text,
      model text, deployment_id text, provider text, upstream_model text, caller text, user_id text, team_id text,
      end_user text, tags text[], outcome text)
    on conflict do nothing
    returning *
  ), days as (
    insert into colonnade.spend_days as d (day, module, caller, user_id, team_id, model, provider, requests,
      successes, unpriced, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, images,
      characters, audio_seconds, cost_nano, duration_ms)
    -- Everybody locks in the same order.
    select (started_at at time zone 'UTC')::date, module, caller, coalesce(user_id, ''), coalesce(team_id, ''),
      model, coalesce(provider, ''), count(*), count(*) filter (where outcome = 'ok'),
      count(*) filter (where cost_nano is null and provider is not null), coalesce(sum(prompt_tokens), 0),
      coalesce(sum(completion_tokens), 0), coalesce(sum(total_tokens), 0), coalesce(sum(cached_tokens), 0),
      coalesce(sum(reasoning_tokens), 0), coalesce(sum(images), 0), coalesce(sum(characters), 0),
      coalesce(sum(audio_seconds), 0), coalesce(sum(cost_nano), 0), sum(duration_ms)
    from added group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7
    on conflict (day, module, caller, user_id, team_id, model, provider) do update set
      requests = d.requests + excluded.requests, successes = d.successes + excluded.successes,
      unpriced = d.unpriced + excluded.unpriced, prompt_tokens = d.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = d.completion_tokens + excluded.completion_tokens,
      total_tokens = d.total_tokens + excluded.total_tokens,
      cached_tokens = d.cached_tokens + excluded.cached_tokens,
      reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens, images = d.images + excluded.images,
      characters = d.characters + excluded.characters, audio_seconds = d.audio_seconds + excluded.audio_seconds,
      cost_nano = d.cost_nano + excluded.cost_nano, duration_ms = d.duration_ms + excluded.duration_ms
  ), named as (
    insert into colonnade.spend_names as n (kind, name, day, module, requests, successes, prompt_tokens,
      completion_tokens, total_tokens, cost_nano)
    select kind, name, (started_at at time zone 'UTC')::date, module, count(*),
      count(*) filter (where outcome = 'ok'), coalesce(sum(prompt_tokens), 0),
      coalesce(sum(completion_tokens), 0), coalesce(sum(total_tokens), 0), coalesce(sum(cost_nano), 0)
    from added, lateral (
      select 'tag' as kind, tag as name from (select distinct unnest(tags) as tag) as one
      union all select 'customer', end_user where end_user is not null
    ) as names
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (kind, name, day, module) do update set
      requests = n.requests + excluded.requests, successes = n.successes + excluded.successes,
      prompt_tokens = n.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = n.completion_tokens + excluded.completion_tokens,
      total_tokens = n.total_tokens + excluded.total_tokens, cost_nano = n.cost_nano + excluded.cost_nano
  )
  select count(*)::integer from added
$$;

-- Rows of before, through the same door; in pieces, for they come as one text.
do $$
declare
  last_started timestamptz := '-infinity';
  last_id uuid := '00000000-0000-0000-0000-000000000000';
  piece json;
begin
  loop
    select json_agg(row) into piece from (
      select extract(epoch from started_at) * 1000 as started_at_ms, b.*
      from colonnade.spend_logs_before as b where (started_at, id) > (last_started, last_id)
      order by started_at, id limit 5000
    ) as row;
    exit when piece is null;
    perform colonnade.add_spend(piece);
    select started_at, id into last_started, last_id from (
      select started_at, id from colonnade.spend_logs_before where (started_at, id) > (last_started, last_id)
      order by started_at, id limit 5000
    ) as one order by started_at desc, id desc limit 1;
  end loop;
end
$$;
drop table colonnade.spend_logs_before;

-- A table for this week and the two to come. Rows that came before their table move into it.
create function colonnade.add_spend_weeks(given_now timestamptz default now()) returns void
language plpgsql as $$
declare
  first_day date;
  name text;
begin
  for ahead in 0..2 loop
    first_day := date_trunc('week', given_now at time zone 'UTC')::date + 7 * ahead;
    name := 'spend_logs_' || to_char(first_day, 'YYYYMMDD');
    continue when to_regclass('colonnade.' || name) is not null;
    perform pg_advisory_xact_lock(7202611009);
    continue when to_regclass('colonnade.' || name) is not null;
    create temporary table moving on commit drop as
      with gone as (
        delete from colonnade.spend_logs_other
        where started_at >= first_day::timestamp at time zone 'UTC'
          and started_at < (first_day + 7)::timestamp at time zone 'UTC'
        returning *
      ) select * from gone;
    execute format('create table colonnade.%I partition of colonnade.spend_logs for values from (%L) to (%L)',
      name, first_day::timestamp at time zone 'UTC', (first_day + 7)::timestamp at time zone 'UTC');
    insert into colonnade.spend_logs select * from moving;
    drop table moving;
  end loop;
end
$$;

-- Removes exchanges that their module does not keep any longer; a week that nobody keeps goes whole. Gives how many
-- rows were removed one by one: many, and there may be more.
create function colonnade.remove_old_spend(this_module text, this_keep_ms bigint, given_now timestamptz default now())
returns integer language plpgsql as $$
declare
  swept timestamptz;
  cutoff timestamptz;
  upto timestamptz;
  removed integer := 0;
  week record;
begin
  insert into colonnade.spend_retention (module, keep_ms) values (this_module, this_keep_ms)
    on conflict (module) do update set keep_ms = excluded.keep_ms;
  if this_keep_ms is null then return 0; end if;
  cutoff := given_now - this_keep_ms * interval '1 millisecond';
  for week in
    select c.relname from pg_inherits join pg_class c on c.oid = inhrelid
    where inhparent = 'colonnade.spend_logs'::regclass and c.relname ~ '^spend_logs_[0-9]{8}$'
  loop
    continue when exists (
      select from colonnade.spend_retention where keep_ms is null
        or (to_date(right(week.relname, 8), 'YYYYMMDD') + 7)::timestamp at time zone 'UTC'
          > given_now - keep_ms * interval '1 millisecond'
    );
    execute format('drop table colonnade.%I', week.relname);
  end loop;
  select swept_to into swept from colonnade.spend_retention where module = this_module for update;
  with old as (
    select started_at, id from colonnade.spend_logs
    where module = this_module and started_at >= swept and started_at < cutoff
    order by started_at, id limit 5000
  ), gone as (
    delete from colonnade.spend_logs as l using old
    where l.started_at = old.started_at and l.id = old.id returning l.started_at
  )
  select count(*), max(started_at) into removed, upto from gone;
  update colonnade.spend_retention
    set swept_to = case when removed = 5000 then upto else greatest(swept, cutoff) end
    where module = this_module;
  return removed;
end
$$;
