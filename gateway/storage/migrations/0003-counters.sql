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
