-- Who may use the gateways, and how much. `settings` holds what people set, by LiteLLM's names and in its units
-- (US dollars, seconds as `30d`), checked by whoever writes it: limits, budgets, rights, metadata.

-- Limits under a name, for keys, members and customers that refer to it.
create table colonnade.budgets (
  id text primary key,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);

create table colonnade.teams (
  id text primary key,
  alias text,
  settings jsonb not null default '{}',
  is_blocked boolean not null default false,
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);
create index teams_alias on colonnade.teams (alias);

create table colonnade.users (
  id text primary key,
  alias text,
  email text,
  -- LiteLLM's words: proxy_admin, proxy_admin_viewer, internal_user, internal_user_viewer.
  role text not null default 'internal_user',
  settings jsonb not null default '{}',
  is_blocked boolean not null default false,
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);
create unique index users_email on colonnade.users (lower(email)) where email is not null;

create table colonnade.team_members (
  team_id text not null references colonnade.teams on delete cascade,
  user_id text not null references colonnade.users on delete cascade,
  -- admin or user, of this team.
  role text not null default 'user',
  budget_id text references colonnade.budgets on delete set null,
  settings jsonb not null default '{}',
  primary key (team_id, user_id)
);
create index team_members_user_id on colonnade.team_members (user_id);

-- Virtual keys. Of the key itself only an HMAC-SHA-256 under the salt key is kept.
create table colonnade.keys (
  -- The HMAC in hexadecimal: LiteLLM's `token`.
  id text primary key check (id ~ '^[0-9a-f]{64}$'),
  -- What people may see of it: `sk-...aB3d`.
  name text not null,
  alias text unique,
  user_id text references colonnade.users on delete set null,
  team_id text references colonnade.teams on delete cascade,
  budget_id text references colonnade.budgets on delete set null,
  settings jsonb not null default '{}',
  is_blocked boolean not null default false,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  created_by text,
  updated_at timestamptz not null default now(),
  updated_by text
);
create index keys_team_id on colonnade.keys (team_id);
create index keys_user_id on colonnade.keys (user_id);
create index keys_budget_id on colonnade.keys (budget_id) where budget_id is not null;
create index keys_created_at on colonnade.keys (created_at, id);

-- Keys that were deleted or replaced: their spend still has a name.
create table colonnade.deleted_keys (
  id text primary key,
  name text not null,
  alias text,
  user_id text,
  team_id text,
  settings jsonb not null default '{}',
  created_at timestamptz not null,
  deleted_at timestamptz not null default now(),
  deleted_by text
);

-- End users of a caller's own application, whom it names by `user`.
create table colonnade.customers (
  id text primary key,
  alias text,
  budget_id text references colonnade.budgets on delete set null,
  settings jsonb not null default '{}',
  is_blocked boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Every process hears of a change of any of them, however it was made: `keys <id>`.
create function colonnade.tell_access() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'team_members' then
    perform colonnade.give_notice('access', 'members ' || coalesce(new.user_id, old.user_id));
  else
    perform colonnade.give_notice('access', tg_table_name || ' ' || coalesce(new.id, old.id));
  end if;
  return null;
end
$$;
create trigger tell after insert or update or delete on colonnade.budgets
  for each row execute function colonnade.tell_access();
create trigger tell after insert or update or delete on colonnade.teams
  for each row execute function colonnade.tell_access();
create trigger tell after insert or update or delete on colonnade.users
  for each row execute function colonnade.tell_access();
create trigger tell after insert or update or delete on colonnade.team_members
  for each row execute function colonnade.tell_access();
create trigger tell after insert or update or delete on colonnade.keys
  for each row execute function colonnade.tell_access();
create trigger tell after insert or update or delete on colonnade.customers
  for each row execute function colonnade.tell_access();
