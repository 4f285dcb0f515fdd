#!/usr/bin/env bash
# Measures what a message costs this server, the floor and Postfix's smtp-sink, in turn and on one
# processor: with two, the cost of waking the other one hides the rest. Arguments go to `compare`;
# try --list and --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Postfix's programs lie where the search path of an ordinary user does not lead.
export PATH="$PATH:/usr/sbin:/sbin"
cargo build --quiet --release --package benches --bins
exec taskset -c 0 target/release/compare "$@"
