-- Requests at once, counted for all replicas. One row a place; whoever holds one may use it for as long
-- as its process renews its own row here. With the holder's row its places are free again.
create table colonnade.slot_holders (
  owner uuid primary key,
  module text not null,
  expires_at timestamptz not null
);
create table colonnade.slots (
  key text not null,
  number integer not null,
  owner uuid references colonnade.slot_holders on delete set null,
  primary key (key, number)
) with (fillfactor = 70);
create index slots_owner on colonnade.slots (owner) where owner is not null;
-- Who has callers waiting and too few places; the oldest wish is granted first.
create table colonnade.slot_wishes (
  key text not null,
  owner uuid not null references colonnade.slot_holders on delete cascade,
  wanted integer not null,
  held integer not null,
  since timestamptz not null,
  primary key (key, owner)
);
