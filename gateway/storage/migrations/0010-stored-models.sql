-- Salt keys that something here was made under: by a name that says nothing of the key, and a text that only it opens.
create table colonnade.salt_keys (
  id text primary key,
  sealed text not null,
  first_used_at timestamptz not null default now()
);

-- Provider credentials and models that people add while gateways run. What they hold is sealed under a salt key.
create table colonnade.credentials (
  name text primary key,
  sealed text not null,
  info jsonb not null default '{}',
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);
create table colonnade.models (
  id text primary key,
  -- Which modules serve it; empty: all that take stored models.
  modules text[] not null default '{}',
  model_name text not null,
  sealed text not null,
  info jsonb not null default '{}',
  is_blocked boolean not null default false,
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);

create function colonnade.tell_models() returns trigger language plpgsql as $$
begin
  perform colonnade.give_notice('models', tg_table_name);
  return null;
end
$$;
create trigger tell after insert or update or delete on colonnade.credentials
  for each statement execute function colonnade.tell_models();
create trigger tell after insert or update or delete on colonnade.models
  for each statement execute function colonnade.tell_models();

-- Under which salt key a virtual key's id was made; null: one of before this was written down.
alter table colonnade.keys add column salt_id text;
