-- What a killed process held is settled by whoever finds its journal.
alter table colonnade.counter_owners add column is_settled boolean not null default false;

create or replace function colonnade.exchange_counters(
  this_owner uuid, ttl_ms bigint, asks jsonb, given_now bigint default null
) returns jsonb language plpgsql as $$
declare
  answers jsonb := '[]';
  ask jsonb;
begin
  insert into colonnade.counter_owners as one (owner, expires_at)
    values (this_owner, coalesce(given_now, colonnade.now_ms()) + ttl_ms)
    on conflict (owner) do update set expires_at = excluded.expires_at where not one.is_settled;
  -- What a killed process had sent may come after it was settled.
  if not found then raise exception 'this process was taken for dead, and settled' using errcode = 'P0002'; end if;
  -- Everybody locks in the same order.
  for ask in
    select one from jsonb_array_elements(asks) as one
    order by one->>'key' collate "C", (one->>'starts_at')::bigint
  loop
    answers := answers || colonnade.exchange_counter(this_owner, ask, given_now);
  end loop;
  if ttl_ms = 0 then
    delete from colonnade.counter_leases where owner = this_owner and amount = 0 and unsettled_at is null;
    delete from colonnade.counter_owners where owner = this_owner
      and not exists (select from colonnade.counter_leases where owner = this_owner and unsettled_at is null);
  end if;
  return answers;
end
$$;

-- Settles windows of counters in the name of a process that is dead: what it used of them in all, by bucket, and nothing
-- held any more. Told twice it changes nothing. With a prefix, its leases of all other counters named so go back too.
create function colonnade.settle_counters(
  dead_owner uuid, windows jsonb, key_prefix text default null, given_now bigint default null
) returns void language plpgsql as $$
declare
  this_now bigint := coalesce(given_now, colonnade.now_ms());
  w record;
begin
  -- For a minute nothing is heard in its name.
  insert into colonnade.counter_owners (owner, expires_at, is_settled)
    values (dead_owner, this_now + 60000, true)
    on conflict (owner) do update set expires_at = excluded.expires_at, is_settled = true;
  -- Everybody locks in the same order.
  for w in
    select one.* from (
      select told.* from jsonb_to_recordset(windows) as told (key text, starts_at bigint, ends_at bigint,
        step_ms bigint, kept_ms bigint, amount bigint, used jsonb)
      union all
      select l.key, l.starts_at, null, null, null, null, '[]' from colonnade.counter_leases as l
      where l.owner = dead_owner and starts_with(l.key, key_prefix) and not exists (
        select from jsonb_to_recordset(windows) as told (key text, starts_at bigint)
        where told.key = l.key and told.starts_at = l.starts_at
      )
    ) as one order by one.key collate "C", one.starts_at
  loop
    perform colonnade.settle_counter(dead_owner, to_jsonb(w), this_now);
  end loop;
end
$$;

create function colonnade.settle_counter(dead_owner uuid, window_json jsonb, this_now bigint)
returns void language plpgsql as $$
declare
  w record;
  c colonnade.counters;
  l colonnade.counter_leases;
  from_ms bigint := 0;
  delta bigint;
  part bigint;
begin
  select * into w from jsonb_to_record(window_json) as (
    key text, starts_at bigint, ends_at bigint, step_ms bigint, kept_ms bigint, amount bigint, used jsonb
  );
  select * into c from colonnade.counters as one
    where one.key = w.key and one.starts_at = w.starts_at for update;
  if c.key is null then
    -- Long over, or never told of.
    if w.amount is null or jsonb_array_length(w.used) = 0 or w.ends_at + 3600000 <= this_now then return; end if;
    insert into colonnade.counters (key, starts_at, ends_at, step_ms, kept_ms, amount)
      values (w.key, w.starts_at, w.ends_at, w.step_ms, w.kept_ms, w.amount) on conflict do nothing;
    select * into c from colonnade.counters as one
      where one.key = w.key and one.starts_at = w.starts_at for update;
  end if;

  delete from colonnade.counter_leases as one
    where one.key = c.key and one.starts_at = c.starts_at and one.owner = dead_owner
    returning * into l;
  if l.unsettled_at is null then c.leased := c.leased - coalesce(l.amount, 0);
  else c.unsettled := c.unsettled - l.amount;
  end if;

  if c.step_ms is not null then from_ms := this_now - this_now % c.step_ms - c.kept_ms; end if;
  with told as (
    select (one->>0)::bigint as bucket_at, (one->>1)::bigint as used
    from jsonb_array_elements(w.used) as one where (one->>0)::bigint >= from_ms
  ), before as (
    select one.bucket_at, one.used from colonnade.counter_uses as one join told using (bucket_at)
    where one.key = c.key and one.starts_at = c.starts_at and one.owner = dead_owner
  ), known as (
    -- In a rolling window what calls hold was told as used. Of others never less than the ledger has.
    select bucket_at, coalesce(before.used, 0) as before,
      case when c.step_ms is null then greatest(told.used, before.used) else told.used end as used
    from told left join before using (bucket_at)
  ), written as (
    insert into colonnade.counter_uses as one (key, starts_at, bucket_at, owner, used)
      select c.key, c.starts_at, known.bucket_at, dead_owner, known.used from known
      on conflict (key, starts_at, bucket_at, owner) do update set used = excluded.used
  )
  select coalesce(sum(known.used - known.before), 0) into delta from known;

  if delta > 0 then
    -- Out of what it held, then out of what nobody holds; the rest is above the amount.
    part := least(delta, greatest(l.amount, c.amount - c.spent - c.unsettled - c.leased, 0));
    c.spent := c.spent + part;
    c.excess := c.excess + (delta - part);
  else
    part := least(c.excess, -delta);
    c.excess := c.excess - part;
    c.spent := greatest(0, c.spent + delta + part);
  end if;
  update colonnade.counters as one
    set spent = c.spent, leased = c.leased, unsettled = c.unsettled, excess = c.excess
    where one.key = c.key and one.starts_at = c.starts_at;
end
$$;
