-- Generated images a caller asked for by URL. Only the hash of the id is kept.
create table colonnade.image_files (
  expires_at timestamptz not null,
  id_hash bytea primary key,
  content_type text not null,
  -- Images are compressed already.
  bytes bytea not null
);
alter table colonnade.image_files alter column bytes set storage external;
create index image_files_expires_at on colonnade.image_files (expires_at);
