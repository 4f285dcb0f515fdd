# What the checks need beyond a Rust toolchain. Only what is missing is installed.

# Postfix's programs lie where the search path of an ordinary user does not lead.
export PATH="$PATH:/usr/sbin:/sbin:${CARGO_HOME:-$HOME/.cargo}/bin"

cargo_nextest=0.9.143
cargo_deny=0.20.2

# A command that is looked for, and the package that brings it.
debian_packages=(
    cc:gcc
    as:binutils
    /bin/kill:procps
    curl:curl
    git:git
    gsasl:gsasl
    msmtp:msmtp
    openssl:openssl
    python3:python3
    smtp-sink:postfix
    smtp-source:postfix
    swaks:swaks
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
    # Without this one swaks knows no TLS; its package only recommends it.
    perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
    if ((${#missing[@]} == 0)); then
        echo "all present"
        return
    fi
    echo "installing ${missing[*]}"
    as_root apt-get update -q
    # Postfix is here for its test programs: without a configuration it starts nothing.
    as_root apt-get install -q -y --no-install-recommends debconf
    echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends ca-certificates "${missing[@]}"
}

install_cargo_tools() {
    # Sections share the target folder's disk, not its lock: tools build in one of their own.
    command -v cargo-nextest >/dev/null ||
        cargo install --locked --no-default-features --features default-no-update \
            --version "$cargo_nextest" cargo-nextest
    command -v cargo-deny >/dev/null ||
        cargo install --locked --version "$cargo_deny" cargo-deny
    cargo nextest --version
    cargo deny --version
}
