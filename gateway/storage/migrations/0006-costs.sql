-- What an exchange cost, billionths of a US dollar; null where nobody knows.
alter table colonnade.spend_logs add column cost_nano bigint;
