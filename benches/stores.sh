#!/usr/bin/env bash
# Measures what the stores of a queue cost by themselves, and what they do with 100,000 messages that wait, in
# SQLite and in a PostgreSQL that is started for it. The folder that is named has to lie on a disk. Further
# arguments go to `stores`; try --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d -p "$(realpath "${1:?the folder for the stores}")")
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cargo build --quiet --release --package benches --bin stores
benches/with-postgres.sh "$folder" target/release/stores "$folder/queue" "${@:2}"
