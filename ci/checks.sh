# The checks of ci/test.sh that take more than one command.

# The tests that take long wait for other programs most of the time.
run_tests() {
    cargo nextest run --workspace --all-features --locked --test-threads $((2 * $(nproc))) "$@"
}

check_documentation() {
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked
}

# The libraries that have features, each followed by them.
list_features() {
    cargo metadata --format-version 1 --no-deps --locked | python3 -c '
import json, sys

for package in json.load(sys.stdin)["packages"]:
    features = sorted(package["features"])
    if features and any("lib" in target["kind"] for target in package["targets"]):
        print(package["name"], *features)
'
}

# Each library compiles by itself: without features, with each one alone, and so with those that it has
# by default. Building them all at once would hide a feature that lacks another. What clippy says was
# heard with all of them.
check_features() {
    local list package features feature
    list=$(list_features)
    while read -r package features; do
        check_library "$package" --no-default-features
        for feature in $features; do
            check_library "$package" --no-default-features --features "$feature"
        done
    done <<<"$list"
}

check_library() {
    echo "-p $*"
    cargo rustc --quiet --lib --profile check --locked -p "$@" -- -D warnings </dev/null
}

# The other provider of cryptography works too, and nothing brings it but its own feature.
check_provider() {
    local features
    features=$(list_features | awk '{ for (i = 2; i <= NF; i++) if ($i !~ "^(ring|default)$") print $1 "/" $i }' | paste -sd,)
    if cargo tree --workspace --locked --edges normal,build --features "$features" --prefix none |
        grep '^ring '; then
        echo "ring is there without its feature"
        return 1
    fi
    cargo nextest run -p smtp-tls --no-default-features --features ring,self-signed --locked
}

# Each fuzz target for a while, from the inputs that are kept. They are built with a stable
# toolchain, which has no sanitizers: what is looked for is panics, and Rust without `unsafe` has
# little else. Inputs that are new are thrown away; those that break something are kept and shown.
run_fuzz_targets() {
    cargo fuzz build --sanitizer none
    cargo fuzz list | xargs -P 2 -I TARGET bash -c 'run_fuzz_target TARGET'
}

run_fuzz_target() {
    local target=$1 new log
    new=$(mktemp -d)
    log=$new/log
    mkdir "$new/inputs"
    if ! cargo fuzz run --sanitizer none "$target" "$new/inputs" "fuzz/corpus/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-30}" -max_len=16384 -timeout=20 -rss_limit_mb=512 >"$log" 2>&1; then
        grep -v '^#' "$log" | tail -n 60
        echo "fuzz target $target failed; input in fuzz/artifacts/$target"
        return 1
    fi
    echo "$target: $(tail -n 1 "$log")"
    rm -rf "$new"
}
export -f run_fuzz_target

check_dependencies() {
    cargo deny check licenses bans sources
    cargo deny --manifest-path fuzz/Cargo.toml check licenses bans sources
}

# A machine may reach the package registry and nothing else. An advisory that is found is fatal;
# a database that cannot be fetched is not.
check_advisories() {
    local log
    log=$(mktemp)
    if timeout 120 cargo deny fetch db >"$log" 2>&1; then
        rm -f "$log"
        cargo deny check --disable-fetch advisories
    else
        tail -n 5 "$log"
        rm -f "$log"
        warn "ADVISORIES WERE NOT CHECKED: the advisory database cannot be fetched from here."
    fi
}
