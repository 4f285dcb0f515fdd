#!/usr/bin/env bash
# Starts a PostgreSQL in a folder that is made in the one that is named, and in its place then the program that
# follows, with --postgres and the address. The database ends with the program.
set -euo pipefail
programs=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
folder=$(mktemp -d -p "$1")
chmod 755 "$folder"
as=()
# It does not run as root.
if [[ $EUID == 0 ]]; then
    chown postgres: "$folder"
    as=(setpriv --reuid postgres --regid postgres --init-groups)
fi
initialize=("${as[@]}" "$programs/initdb" --pgdata="$folder/data" --username=smtpd --auth=trust --locale=C)
(cd "$folder" && "${initialize[@]}" --encoding=UTF8 >/dev/null)
"${as[@]}" setpriv --pdeathsig INT "$programs/postgres" -D "$folder/data" \
    -c listen_addresses= -c unix_socket_directories="$folder" >"$folder/log" 2>&1 &
until "$programs/pg_isready" --quiet --host="$folder"; do
    kill -0 $!
    sleep 0.1
done
exec "${@:2}" --postgres "host=$folder user=smtpd dbname=postgres"
