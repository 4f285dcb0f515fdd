# Headings and timing for ci/test.sh.

if [[ (-t 1 || -n ${CI-}) && -z ${NO_COLOR-} ]]; then
    export CARGO_TERM_COLOR=always
    heading=$'\e[1;36m' good=$'\e[1;32m' bad=$'\e[1;31m' loud=$'\e[1;33m' plain=$'\e[0m'
else
    heading='' good='' bad='' loud='' plain=''
fi

current=''
timings=()

# section NAME COMMAND...: runs the command under a heading and notes how long it took.
#
# The command is called plainly, not as a condition: within a condition bash would go on behind a
# command that fails in the middle of a function.
section() {
    current=$1
    local start=$SECONDS
    shift
    printf '\n%s== %s ==%s\n' "$heading" "$current" "$plain"
    "$@"
    timings+=("$(printf '%5d s  %s' $((SECONDS - start)) "$current")")
    current=''
}

# warn TEXT...: says something that nobody should overlook.
warn() {
    printf '%s!! %s%s\n' "$loud" "$*" "$plain"
}

finish() {
    printf '\n%s== all passed in %d s ==%s\n' "$good" "$SECONDS" "$plain"
    print_timings
}

print_timings() {
    ((${#timings[@]} == 0)) || printf '%s\n' "${timings[@]}"
}

report_failure() {
    local status=$?
    if [[ -n $current ]]; then
        printf '\n%s== FAILED: %s (exit status %d) ==%s\n' "$bad" "$current" "$status" "$plain"
        print_timings
    fi
}
trap report_failure EXIT
