# Keeps a role in Postgres for each file in ROLES_FOLDER: its name is the role, its text the password.
# Runs for ever, looks every few seconds, and speaks only when something changed.
set -u

: "${ROLES_FOLDER:=/etc/colonnade/roles}" "${SCRIPTS_FOLDER:=/etc/colonnade/scripts}"
: "${PASSWORD_FILE:=/etc/colonnade/postgres/POSTGRES_PASSWORD}"
: "${PGHOST:=/var/run/postgresql}" "${CONNECTION_LIMIT:=50}" "${INTERVAL_SECONDS:=5}"
# Its age says when the last look was.
: "${SIGN_FILE:=/var/run/postgresql/roles-looked}"
export PASSWORD_FILE PGHOST PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=5

trap 'exit 0' TERM INT

said=
say() {
  [ "$1" = "$said" ] || echo "roles: $1"
  said=$1
}

fingerprint() {
  cat "$PASSWORD_FILE" "$ROLES_FOLDER"/* 2>/dev/null | cksum
  ls "$ROLES_FOLDER" 2>/dev/null | cksum
}

sql() {
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@" \
    --file "$SCRIPTS_FOLDER/roles.sql" --file -
}

# The socket asks for no password, so that a new one reaches a data folder made with another.
make_database() {
  sql <<'SQL'
\set secret `cat "$PASSWORD_FILE"`
SELECT format('ALTER ROLE postgres PASSWORD %L', :'secret') \gexec
SELECT 'CREATE ROLE colonnade NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colonnade') \gexec
SELECT 'CREATE DATABASE colonnade OWNER colonnade' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'colonnade') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE colonnade FROM PUBLIC;
SQL
}

make_role() {
  export ROLE_FILE="$ROLES_FOLDER/$1"
  sql --set role="$1" --set connections="$CONNECTION_LIMIT" <<'SQL'
\set secret `cat "$ROLE_FILE"`
SELECT pg_temp.ensure_role(:'role', :'secret', :connections);
SQL
}

make_all() {
  PGPASSWORD=$(cat "$PASSWORD_FILE")
  export PGPASSWORD
  make_database || return 1
  for file in "$ROLES_FOLDER"/*; do
    [ -f "$file" ] || continue
    make_role "${file##*/}" || return 1
  done
}

made=
while :; do
  touch "$SIGN_FILE" 2>/dev/null
  now=$(fingerprint)
  if [ "$now" != "$made" ]; then
    if problem=$(make_all 2>&1 >/dev/null); then
      made=$now
      said=
      say "ready: $(ls "$ROLES_FOLDER" | tr '\n' ' ')"
    else
      # Only the first line: what follows may quote the statement.
      problem=$(printf '%s\n' "$problem" | head -n 1)
      case $problem in
      *'password authentication failed'*)
        say "The data folder (claim data-postgres-0) was made with another POSTGRES_PASSWORD than the Secret postgres holds; nothing was changed. Put the old one into .env, then: npm run synth && kubectl apply -k secrets" ;;
      *) say "waiting for Postgres: $problem" ;;
      esac
    fi
  fi
  sleep "$INTERVAL_SECONDS" &
  wait $!
done
