#!/usr/bin/env bash
# Measures what a message costs that is on disk before it is answered, and delivered to nobody then: our queue
# and that of Postfix, in turn. The folder that is named has to lie on a disk; with a second argument, the
# address of a PostgreSQL database, our queue there as well. The cost of the database itself is not in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
folder=$(realpath "${1:?the folder for the queues}")
cargo build --quiet --release --package benches --bins
servers=(--server "queue=target/release/queued --folder $folder/queue")
if [[ -n ${2:-} ]]; then
    servers+=(--server "postgres=target/release/queued --postgres $2")
fi
servers+=(--server "postfix=benches/postfix-queue.sh {port} $folder")
exec target/release/compare "${servers[@]}" --without-smtp-sink --load many-32 --percent 30 --rates "${@:3}"
