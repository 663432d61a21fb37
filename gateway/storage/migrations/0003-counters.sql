-- What processes tell each other, kept for two minutes: for those that listen, and for those that can only look.
create table colonnade.notices (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  channel text not null,
  payload text not null
);
create index notices_at on colonnade.notices (at);

create function colonnade.give_notice(notice_channel text, notice_payload text) returns void
language plpgsql as $$
declare
  notice_id bigint;
  message text;
begin
  insert into colonnade.notices (channel, payload) values (notice_channel, notice_payload)
    returning id into notice_id;
  message := json_build_array(notice_id, notice_channel, notice_payload)::text;
  -- Postgres carries less than 8000 bytes; a longer one is looked up.
  if octet_length(message) > 7900 then message := json_build_array(notice_id)::text; end if;
  perform pg_notify('colonnade', message);
end
$$;

-- Amounts that all processes share. Times are milliseconds since 1970 by the clock of this server, and by no other.
create function colonnade.now_ms() returns bigint
language sql volatile as $$ select ceil(extract(epoch from clock_timestamp()) * 1000)::bigint $$;

-- A process that holds leases; it renews its row as long as it lives.
create table colonnade.counter_owners (
  owner uuid primary key,
  expires_at bigint not null
);

-- One window of a counter: a calendar window, or a rolling one with its buckets (starts_at = 0).
-- At every commit spent + leased + unsettled <= amount, but for an amount that was lowered. What was used
-- above it all the same (a call that used more than its worst case, an outage) stands in excess.
create table colonnade.counters (
  key text not null,
  starts_at bigint not null,
  ends_at bigint,
  step_ms bigint,
  kept_ms bigint,
  release_after_ms bigint,
  amount bigint not null,
  -- What the window has in all by what its owner told, where that is less, and until when it holds.
  learned bigint,
  learned_until bigint,
  spent bigint not null default 0,
  leased bigint not null default 0,
  -- Held by processes that were killed: nobody knows how much of it was used.
  unsettled bigint not null default 0,
  excess bigint not null default 0,
  recalled_at bigint not null default 0,
  recalled_by uuid,
  primary key (key, starts_at),
  check (spent >= 0 and leased >= 0 and unsettled >= 0 and excess >= 0)
) with (fillfactor = 50);
create index counters_ends_at on colonnade.counters (ends_at) where ends_at is not null;

-- What one process holds of one window. Only touched by who has locked the window's row.
create table colonnade.counter_leases (
  key text not null,
  starts_at bigint not null,
  owner uuid not null,
  amount bigint not null default 0 check (amount >= 0),
  turn bigint not null default 0,
  unsettled_at bigint,
  primary key (key, starts_at, owner),
  foreign key (key, starts_at) references colonnade.counters on delete cascade
) with (fillfactor = 50);
create index counter_leases_owner on colonnade.counter_leases (owner);

-- What each process has used, in all, by bucket; a calendar window is one bucket.
create table colonnade.counter_uses (
  key text not null,
  starts_at bigint not null,
  bucket_at bigint not null,
  owner uuid not null,
  used bigint not null,
  primary key (key, starts_at, bucket_at, owner),
  foreign key (key, starts_at) references colonnade.counters on delete cascade
) with (fillfactor = 50);

-- One process tells what it used of some counters and asks for more, in one statement.
create function colonnade.exchange_counters(
  this_owner uuid, ttl_ms bigint, asks jsonb, given_now bigint default null
) returns jsonb language plpgsql as $$
declare
  answers jsonb := '[]';
  ask jsonb;
begin
  insert into colonnade.counter_owners (owner, expires_at)
    values (this_owner, coalesce(given_now, colonnade.now_ms()) + ttl_ms)
    on conflict (owner) do update set expires_at = excluded.expires_at;
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

create function colonnade.exchange_counter(this_owner uuid, ask_json jsonb, given_now bigint)
returns jsonb language plpgsql as $$
declare
  ask record;
  c colonnade.counters;
  l colonnade.counter_leases;
  this_now bigint;
  from_ms bigint := 0;
  release_ms bigint;
  gone bigint;
  delta bigint;
  part bigint;
  kept bigint;
  held bigint;
  granted bigint := 0;
  in_force bigint;
  headroom bigint;
  replicas bigint;
  is_open boolean;
  is_recalled boolean;
  frees_at bigint;
begin
  select * into ask from jsonb_to_record(ask_json) as (
    key text, starts_at bigint, ends_at bigint, step_ms bigint, kept_ms bigint, release_after_ms bigint,
    amount bigint, turn bigint, used jsonb, holds bigint, reserved bigint, wants bigint, needs bigint,
    ahead bigint, learned bigint, learned_until bigint
  );

  select * into c from colonnade.counters as one
    where one.key = ask.key and one.starts_at = ask.starts_at for update;
  this_now := coalesce(given_now, colonnade.now_ms());
  is_open := ask.ends_at is null or (this_now >= ask.starts_at and this_now < ask.ends_at);
  if c.key is null then
    if ((not is_open or (ask.wants = 0 and ask.ahead = 0))
        and ask.holds = 0 and jsonb_array_length(ask.used) = 0 and ask.learned is null
      ) or ask.ends_at + 3600000 <= this_now
    then
      return jsonb_build_object(
        'key', ask.key, 'starts_at', ask.starts_at, 'turn', ask.turn, 'is_stale', false, 'now', this_now,
        'is_open', is_open, 'held', 0, 'granted', 0, 'amount', ask.amount, 'remaining', ask.amount,
        'headroom', ask.amount, 'elsewhere', 0, 'replicas', 1, 'is_recalled', false);
    end if;
    insert into colonnade.counters (key, starts_at, ends_at, amount)
      values (ask.key, ask.starts_at, ask.ends_at, ask.amount) on conflict do nothing;
    select * into c from colonnade.counters as one
      where one.key = ask.key and one.starts_at = ask.starts_at for update;
    this_now := coalesce(given_now, colonnade.now_ms());
    is_open := ask.ends_at is null or (this_now >= ask.starts_at and this_now < ask.ends_at);
  end if;

  -- The spec in force is that of whoever spoke last.
  c.amount := ask.amount;
  c.step_ms := ask.step_ms;
  c.kept_ms := ask.kept_ms;
  c.release_after_ms := ask.release_after_ms;
  if c.learned_until <= this_now then
    c.learned := null;
    c.learned_until := null;
  end if;

  -- A rolling window lets go of what is older than its period.
  release_ms := c.release_after_ms;
  if c.step_ms is not null then
    from_ms := this_now - this_now % c.step_ms - c.kept_ms;
    release_ms := least(release_ms, c.kept_ms + c.step_ms);
    with old as (
      delete from colonnade.counter_uses as one
        where one.key = c.key and one.starts_at = c.starts_at and one.bucket_at < from_ms returning one.used
    )
    select coalesce(sum(old.used), 0) into gone from old;
    part := least(c.excess, gone);
    c.excess := c.excess - part;
    c.spent := greatest(0, c.spent - (gone - part));
  end if;
  if release_ms is not null and c.unsettled > 0 then
    with old as (
      delete from colonnade.counter_leases as one
        where one.key = c.key and one.starts_at = c.starts_at and one.owner <> this_owner
          and one.unsettled_at + release_ms < this_now returning one.amount
    )
    select coalesce(sum(old.amount), 0) into gone from old;
    c.unsettled := c.unsettled - gone;
  end if;

  select * into l from colonnade.counter_leases as one
    where one.key = c.key and one.starts_at = c.starts_at and one.owner = this_owner;
  if l.key is null then
    insert into colonnade.counter_leases (key, starts_at, owner) values (c.key, c.starts_at, this_owner)
      returning * into l;
  end if;
  -- It was taken for gone, and is not.
  if l.unsettled_at is not null then
    c.unsettled := c.unsettled - l.amount;
    c.leased := c.leased + l.amount;
    l.unsettled_at := null;
  end if;

  if ask.turn > l.turn then
    l.turn := ask.turn;
    with told as (
      select (one->>0)::bigint as bucket_at, (one->>1)::bigint as used
      from jsonb_array_elements(ask.used) as one where (one->>0)::bigint >= from_ms
    ), before as (
      select one.bucket_at, one.used from colonnade.counter_uses as one join told using (bucket_at)
      where one.key = c.key and one.starts_at = c.starts_at and one.owner = this_owner
    ), written as (
      insert into colonnade.counter_uses as one (key, starts_at, bucket_at, owner, used)
        select c.key, c.starts_at, told.bucket_at, this_owner, told.used from told
        on conflict (key, starts_at, bucket_at, owner) do update set used = excluded.used
    )
    select coalesce(sum(told.used - coalesce(before.used, 0)), 0) into delta
      from told left join before using (bucket_at);

    -- What was used comes out of the lease, then out of what nobody holds; the rest is above the amount.
    c.leased := c.leased - l.amount;
    if delta > l.amount then
      part := least(delta - l.amount, greatest(0, c.amount - c.spent - c.unsettled - c.leased - l.amount));
      c.excess := c.excess + (delta - l.amount - part);
      c.spent := c.spent + l.amount + part;
      kept := 0;
    else
      -- Less than told before: first what was above the amount is undone.
      part := least(c.excess, greatest(0, -delta));
      c.excess := c.excess - part;
      kept := least(l.amount - (delta + part), l.amount - delta, l.amount + c.spent);
      c.spent := greatest(0, c.spent + delta + part);
    end if;
    held := least(ask.holds, kept);
    if held < ask.reserved then
      held := held + least(ask.reserved - held,
        greatest(0, c.amount - c.spent - c.excess - c.unsettled - c.leased - held));
    end if;
    c.leased := c.leased + held;
  else
    held := l.amount;
  end if;

  in_force := least(c.amount, c.learned);
  if ask.turn = l.turn and ask.learned_until > this_now then
    -- What others hold may be used by now, and explain the difference; where nothing is left it is worth nothing.
    gone := in_force - c.spent - c.excess - c.unsettled - ask.learned;
    if ask.learned > 0 then gone := gone - c.leased + greatest(0, held - ask.reserved); end if;
    if gone > 0 then
      in_force := greatest(0, in_force - gone);
      c.learned := in_force;
      c.learned_until := greatest(c.learned_until, ask.learned_until);
    end if;
  end if;
  headroom := in_force - c.spent - c.excess - c.unsettled - c.leased;
  is_recalled := c.recalled_at > this_now - 2000 and c.recalled_by is distinct from this_owner;
  select count(*) into replicas from colonnade.counter_leases as one
    where one.key = c.key and one.starts_at = c.starts_at and one.unsettled_at is null;
  if is_open and ask.turn = l.turn then
    -- A slice shrinks with what is left; what is in hand is part of it.
    part := case when is_recalled then 0
      else least(ask.ahead, in_force / 100, headroom / (2 * replicas)) - greatest(0, held - ask.reserved) end;
    if ask.wants > 0 and headroom >= ask.wants then
      granted := least(headroom, greatest(part, ask.needs));
    elsif ask.wants = 0 then
      granted := greatest(0, part);
    end if;
    headroom := headroom - granted;
    c.leased := c.leased + granted;
    -- Others may hold what they do not need.
    if ((ask.wants > 0 and granted = 0) or headroom < 0) and c.leased > held + granted then
      if c.recalled_by is distinct from this_owner or c.recalled_at < this_now - 50 then
        c.recalled_at := this_now;
        c.recalled_by := this_owner;
        perform colonnade.give_notice('counters', this_owner || ' ' || c.key);
      end if;
    end if;
  end if;

  if c.step_ms is not null then
    select min(one.at) + c.kept_ms + c.step_ms into frees_at from (
      select min(bucket_at) as at from colonnade.counter_uses as u
        where u.key = c.key and u.starts_at = c.starts_at and u.used > 0
      union all
      select min(unsettled_at) from colonnade.counter_leases as u
        where u.key = c.key and u.starts_at = c.starts_at
    ) as one;
  end if;

  update colonnade.counters as one set
    amount = c.amount, step_ms = c.step_ms, kept_ms = c.kept_ms, release_after_ms = c.release_after_ms,
    learned = c.learned, learned_until = c.learned_until, spent = c.spent, leased = c.leased,
    unsettled = c.unsettled, excess = c.excess, recalled_at = c.recalled_at, recalled_by = c.recalled_by
    where one.key = c.key and one.starts_at = c.starts_at;
  update colonnade.counter_leases as one set amount = held + granted, turn = l.turn, unsettled_at = null
    where one.key = c.key and one.starts_at = c.starts_at and one.owner = this_owner;

  return jsonb_build_object(
    'key', ask.key, 'starts_at', ask.starts_at, 'turn', ask.turn, 'is_stale', ask.turn <> l.turn, 'now', this_now,
    'is_open', is_open, 'held', held, 'granted', granted, 'amount', in_force,
    'remaining', greatest(0, in_force - c.spent - c.excess - c.unsettled), 'headroom', greatest(0, headroom),
    'elsewhere', c.leased - held - granted, 'replicas', replicas, 'is_recalled', is_recalled, 'frees_at', frees_at);
end
$$;

-- What silent processes held is unsettled from now on; windows that are over for an hour are forgotten.
create function colonnade.sweep_counters(given_now bigint default null) returns void
language plpgsql as $$
declare
  this_now bigint := coalesce(given_now, colonnade.now_ms());
  silent uuid[];
  l record;
  lease bigint;
begin
  select array_agg(owner) into silent from (
    select owner from colonnade.counter_owners where expires_at < this_now
    order by owner limit 100 for update skip locked
  ) as one;
  for l in
    select key, starts_at, owner from colonnade.counter_leases
    where owner = any(silent) and unsettled_at is null order by key collate "C", starts_at, owner
  loop
    perform from colonnade.counters where key = l.key and starts_at = l.starts_at for update;
    select amount into lease from colonnade.counter_leases as one
      where one.key = l.key and one.starts_at = l.starts_at and one.owner = l.owner and one.unsettled_at is null;
    if lease = 0 then
      delete from colonnade.counter_leases as one
        where one.key = l.key and one.starts_at = l.starts_at and one.owner = l.owner;
    elsif lease > 0 then
      update colonnade.counter_leases as one set unsettled_at = this_now
        where one.key = l.key and one.starts_at = l.starts_at and one.owner = l.owner;
      update colonnade.counters as one set leased = leased - lease, unsettled = unsettled + lease
        where one.key = l.key and one.starts_at = l.starts_at;
    end if;
  end loop;
  delete from colonnade.counter_owners where owner = any(silent);
  delete from colonnade.counters where (key, starts_at) in (
    select key, starts_at from colonnade.counters where ends_at < this_now - 3600000
    limit 500 for update skip locked
  );
end
$$;
