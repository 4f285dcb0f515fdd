#!/usr/bin/env bash
# Measures what a TLS handshake costs this server, rustls and tokio alone, and Postfix's smtpd, in turn and
# on one processor. Needs root, as Postfix does. Arguments go to `handshakes`; try --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
cargo build --quiet --release --package benches --bins
exec taskset -c 0 target/release/handshakes --server "postfix=benches/postfix.sh {port}" "$@"
