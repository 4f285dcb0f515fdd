# What the checks need beyond a Rust toolchain. Only what is missing is installed.

# Postfix's programs lie where the search path of an ordinary user does not lead.
export PATH="$PATH:/usr/sbin:/sbin:${CARGO_HOME:-$HOME/.cargo}/bin"

cargo_nextest=0.9.143
cargo_deny=0.20.2
cargo_fuzz=0.13.2

sendmail=/opt/sendmail/usr/libexec/sendmail/sendmail

# A command that is looked for, and the package that brings it.
debian_packages=(
    cc:gcc
    c++:g++
    as:binutils
    /bin/kill:procps
    curl:curl
    dovecot:dovecot-core
    /usr/lib/dovecot/lmtp:dovecot-lmtpd
    git:git
    gsasl:gsasl
    ip:iproute2
    ldapadd:ldap-utils
    ldns-signzone:ldnsutils
    m4:m4
    msmtp:msmtp
    node:nodejs
    npm:npm
    nsd:nsd
    openssl:openssl
    pebble:pebble
    python3:python3
    saslauthd:sasl2-bin
    slapd:slapd
    smtp-sink:postfix
    smtp-source:postfix
    stunnel4:stunnel4
    swaks:swaks
    unbound:unbound
    unshare:util-linux
)

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    local missing=() entry
    for entry in "${debian_packages[@]}"; do
        command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
    done
    # The linker needs these, and no command tells that they are there.
    [[ -e /usr/include/stdlib.h ]] || missing+=(libc6-dev)
    # Nor does one tell of these: PAM to link with, and one for tests that leaves the system's alone.
    [[ -e /usr/include/security/pam_appl.h ]] || missing+=(libpam0g-dev)
    dpkg -s libpam-wrapper >/dev/null 2>&1 || missing+=(libpam-wrapper)
    # And a directory of hosts.
    dpkg -s libnss-wrapper >/dev/null 2>&1 || missing+=(libnss-wrapper)
    # The mechanisms of Cyrus SASL, which Postfix offers.
    dpkg -s libsasl2-modules >/dev/null 2>&1 || missing+=(libsasl2-modules)
    # Without this one swaks knows no TLS; its package only recommends it.
    perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
    # Nor DIGEST-MD5 without these.
    perl -MAuthen::SASL -MDigest::HMAC_MD5 -e 1 2>/dev/null ||
        missing+=(libauthen-sasl-perl libdigest-hmac-perl)
    # What Mailman knows bounces by.
    dpkg -s python3-flufl.bounce >/dev/null 2>&1 || missing+=(python3-flufl.bounce)
    # Debian keeps PostgreSQL's programs where no search path leads.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    # Exim's package would take Postfix's away. It is unpacked; these are what it is linked with.
    command -v exim4 >/dev/null || missing+=(libdb5.3 libgnutls-dane0 libidn12 libidn2-0 libnsl2)
    # So would Sendmail's.
    [[ -x $sendmail ]] || missing+=(libdb5.3 libldap-2.5-0 liblockfile1 libnsl2 libsasl2-2 libssl3 libwrap0)
    if ((${#missing[@]} == 0)); then
        echo "all present"
        return
    fi
    echo "installing ${missing[*]}"
    as_root apt-get update -q
    # Servers are here for tests, which start their own: without a configuration these start nothing.
    as_root apt-get install -q -y --no-install-recommends debconf
    as_root debconf-set-selections <<'EOF'
postfix postfix/main_mailer_type select No configuration
slapd slapd/no_configuration boolean true
EOF
    starting_nothing as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends ca-certificates "${missing[@]}"
    command -v exim4 >/dev/null || unpack_exim
    [[ -x $sendmail ]] || unpack_sendmail
}

# Exim without what makes it the mail server of this machine.
unpack_exim() {
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download exim4-daemon-light)
    as_root mkdir -p /opt/exim4
    as_root dpkg-deb --extract "$folder"/exim4-daemon-light_*.deb /opt/exim4
    as_root ln -sf /opt/exim4/usr/sbin/exim4 /usr/local/sbin/exim4
    rm -r "$folder"
    # It starts for nobody else than this user, whose name is compiled in.
    getent passwd Debian-exim >/dev/null ||
        as_root useradd --system --no-create-home --shell /usr/sbin/nologin Debian-exim
}

# Sendmail, which tests give a configuration of their own, and what makes one.
unpack_sendmail() {
    local folder package
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download sendmail-bin sendmail-cf)
    as_root mkdir -p /opt/sendmail
    for package in "$folder"/*.deb; do as_root dpkg-deb --extract "$package" /opt/sendmail; done
    rm -r "$folder"
}

# starting_nothing COMMAND...: packages that it installs do not start their daemons.
starting_nothing() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ -e $policy ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    "$@" || status=$?
    as_root rm -f "$policy"
    return "$status"
}

# What Node needs for a test lies beside the test.
install_node_packages() {
    local folder
    for folder in examples/reference-server/tests/interop/nodemailer smtp-auth/tests/web/provider; do
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
    done
}

install_cargo_tools() {
    # Sections share the target folder's disk, not its lock: tools build in one of their own.
    command -v cargo-nextest >/dev/null ||
        cargo install --locked --no-default-features --features default-no-update \
            --version "$cargo_nextest" cargo-nextest
    command -v cargo-deny >/dev/null ||
        cargo install --locked --version "$cargo_deny" cargo-deny
    command -v cargo-fuzz >/dev/null ||
        cargo install --locked --version "$cargo_fuzz" cargo-fuzz
    cargo nextest --version
    cargo deny --version
    cargo fuzz --version
}
