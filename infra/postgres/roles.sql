-- No password in Postgres's log, whatever fails below.
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
SET log_error_verbosity = terse;

-- The role of a module: member of the database's owner, as whom it works, with connections of its own.
CREATE OR REPLACE FUNCTION pg_temp.ensure_role(role_name text, role_password text, connections integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colonnade') THEN
    CREATE ROLE colonnade NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
    EXECUTE format('CREATE ROLE %I', role_name);
  END IF;
  EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L CONNECTION LIMIT %s',
    role_name, role_password, connections);
  EXECUTE format('GRANT colonnade TO %I', role_name);
  EXECUTE format('ALTER ROLE %I SET role = colonnade', role_name);
END
$$;
