#!/usr/bin/env bash
# Measures what a message costs that is on disk before it is answered: an append log with group commit, which
# is the least, our queue in SQLite and in a PostgreSQL that is started for it, and that of Postfix, in turn;
# queues deliver to nobody then. The folder that is named has to lie on a disk. Needs root, as Postfix does.
# Further arguments go to `durable`; try --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
folder=$(mktemp -d -p "$(realpath "${1:?the folder for the queues}")")
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cargo build --quiet --release --package benches --bin durable --bin floor --bin load --bin queued
servers=(
    --server "append-log=target/release/floor --log $folder/log"
    --server "SQLite=target/release/queued --folder $folder/queue"
)
if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    servers+=(--server "PostgreSQL=benches/with-postgres.sh $folder target/release/queued")
fi
if command -v postfix >/dev/null; then
    servers+=(--server "Postfix=benches/postfix-queue.sh {port} $folder")
fi
target/release/durable "${servers[@]}" "${@:2}"
