/** Asks the catalog for the schema as text, one fact a line: what a dump would say, without its program. */
export const schemaQuery = `
select line from (
  select 1 as part, c.relname as name, a.attnum as position,
    format('table %s: %s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end,
      coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
  from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = 'colonnade'::regnamespace and c.relkind in ('r', 'p')
  union all
  select 2, indexrelid::regclass::text, 0, pg_get_indexdef(indexrelid)
  from pg_index join pg_class c on c.oid = indrelid
  where c.relnamespace = 'colonnade'::regnamespace
  union all
  select 3, conname, 0, format('constraint on %s: %s', conrelid::regclass, pg_get_constraintdef(oid))
  from pg_constraint where connamespace = 'colonnade'::regnamespace
  union all
  select 4, p.proname, 0, pg_get_functiondef(p.oid)
  from pg_proc p where p.pronamespace = 'colonnade'::regnamespace
  union all
  select 5, t.tgname, 0, pg_get_triggerdef(t.oid)
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'colonnade'::regnamespace and not t.tgisinternal
) facts order by part, name, position`
