#!/usr/bin/env bash
# Everything that a change has to pass, in one command, on a Debian machine with a Rust toolchain
# and root or sudo. What is missing is installed first. Stops at the first failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

# shellcheck source=ci/sections.sh
source ci/sections.sh
# shellcheck source=ci/install.sh
source ci/install.sh
# shellcheck source=ci/checks.sh
source ci/checks.sh

section "Debian packages" install_packages
section "Node packages" install_node_packages
section "cargo tools" install_cargo_tools
section "format" cargo fmt --all --check
section "clippy" cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
section "features" check_features
section "architecture" run_tests -E 'binary(architecture)'
section "tests" run_tests
section "the provider ring" check_provider
section "doc tests" cargo test --doc --workspace --all-features --locked
section "documentation" check_documentation
section "fuzzing" run_fuzz_targets
section "licences, bans and sources" check_dependencies
section "advisories" check_advisories
finish
