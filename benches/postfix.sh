#!/usr/bin/env bash
# A Postfix of its own that offers STARTTLS on the port that is given, and takes no mail.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder"
mkdir -m 755 "$folder/etc" "$folder/queue"
mkdir -m 700 "$folder/data"
chown postfix "$folder/data"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example.org -days 30 \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
cat >"$folder/etc/main.cf" <<EOF
compatibility_level = 3.6
config_directory = $folder/etc
queue_directory = $folder/queue
data_directory = $folder/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = example.org
mydestination = example.org
alias_maps =
local_recipient_maps =
inet_interfaces = loopback-only
smtpd_tls_security_level = may
smtpd_tls_cert_file = $folder/certificate.pem
smtpd_tls_key_file = $folder/key.pem
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
maillog_file = /dev/stdout
EOF
cat >"$folder/etc/master.cf" <<EOF
127.0.0.1:$1 inet n - n - 100 smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
EOF
postfix -c "$folder/etc" check
# Itself, not by `postfix start-fg`: whoever started it has to be able to end it.
exec env MAIL_CONFIG="$folder/etc" /usr/lib/postfix/sbin/master -c "$folder/etc" -s
