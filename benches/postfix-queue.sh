#!/usr/bin/env bash
# A Postfix of its own that keeps mail for example.org in its queue on the port that is given, and drops
# it then. Its folder is made in the one that is named.
set -euo pipefail
folder=$(mktemp -d -p "$2")
chmod 755 "$folder"
mkdir -m 755 "$folder/etc" "$folder/queue"
mkdir -m 700 "$folder/data"
chown postfix "$folder/data"
cat >"$folder/etc/main.cf" <<EOF
compatibility_level = 3.6
config_directory = $folder/etc
queue_directory = $folder/queue
data_directory = $folder/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = example.org
mydestination = example.org
local_transport = discard:
alias_maps =
local_recipient_maps =
inet_interfaces = loopback-only
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
maillog_file = /dev/stdout
EOF
cat >"$folder/etc/master.cf" <<EOF
127.0.0.1:$1 inet n - n - 100 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
discard unix - - n - 32 discard
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
EOF
postfix -c "$folder/etc" check
# Itself, not by `postfix start-fg`: whoever started it has to be able to end it.
exec env MAIL_CONFIG="$folder/etc" /usr/lib/postfix/sbin/master -c "$folder/etc" -s
