# Keeps a role in Postgres for each file in /etc/colonnade/roles: its name is the role, its text the password.
# Runs for ever, looks every few seconds, and speaks only when something changed.
set -u

roles=/etc/colonnade/roles
scripts=/etc/colonnade/scripts
secret=/etc/colonnade/postgres/POSTGRES_PASSWORD
export PGHOST=/var/run/postgresql PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=5

trap 'exit 0' TERM INT

said=
say() {
  [ "$1" = "$said" ] || echo "roles: $1"
  said=$1
}

fingerprint() {
  cat "$secret" "$roles"/* 2>/dev/null | cksum
  ls "$roles" 2>/dev/null | cksum
}

sql() {
  psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --file "$scripts/roles.sql" --file -
}

# The way in is the socket, so that a new POSTGRES_PASSWORD reaches a data folder made with another one.
make_database() {
  sql <<'SQL'
\set secret `cat /etc/colonnade/postgres/POSTGRES_PASSWORD`
SELECT format('ALTER ROLE postgres PASSWORD %L', :'secret') \gexec
SELECT 'CREATE ROLE colonnade NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colonnade') \gexec
SELECT 'CREATE DATABASE colonnade OWNER colonnade' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'colonnade') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE colonnade FROM PUBLIC;
SQL
}

# A role is named after a key of a Secret: letters, digits, dots and dashes, nothing to quote.
make_role() {
  sql <<SQL
\\set secret \`cat $roles/$1\`
SELECT pg_temp.ensure_role('$1', :'secret', $CONNECTION_LIMIT);
SQL
}

make_all() {
  PGPASSWORD=$(cat "$secret")
  export PGPASSWORD
  make_database || return 1
  for file in "$roles"/*; do
    [ -f "$file" ] || continue
    make_role "${file##*/}" || return 1
  done
}

made=
while :; do
  now=$(fingerprint)
  if [ "$now" != "$made" ]; then
    if problem=$(make_all 2>&1 >/dev/null); then
      made=$now
      said=
      say "ready: $(ls "$roles" | tr '\n' ' ')"
    else
      # Only the first line: what follows may quote the statement.
      problem=$(printf '%s\n' "$problem" | head -n 1)
      case $problem in
      *'password authentication failed'*)
        say "The data folder on the claim data-postgres-0 was made with another POSTGRES_PASSWORD than the Secret postgres holds; nothing was changed. Put the old one into .env, then: npm run synth && kubectl apply -k secrets" ;;
      *) say "waiting for Postgres: $problem" ;;
      esac
    fi
  fi
  sleep 5 &
  wait $!
done
