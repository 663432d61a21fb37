-- A process that was taken for gone and turns up again is one of those that share the counter, also where it is the
-- only one: what it says was lost in a division by zero.
do $$
declare
  before text := pg_get_functiondef('colonnade.exchange_counter(uuid, jsonb, bigint)'::regprocedure);
begin
  if position('select count(*) into replicas' in before) = 0 then raise exception 'exchange_counter is not as expected'; end if;
  execute replace(before, 'select count(*) into replicas', 'select greatest(1, count(*)) into replicas');
end
$$;
