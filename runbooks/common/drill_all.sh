#!/usr/bin/env bash
# drill_all.sh CHECKOUT LOGS [LIBRARY…]: executes every drill of the libraries below runbooks/, or
# of those named, each with its host killed in the middle; ends with one table. Exit code 1: one
# failed.
set -uo pipefail

root=$1 logs=$2
shift 2
perilune=$root/.build/release/bin/perilune
state=$root/.local/drills
failures=0

say() { printf '%s\n' "$*"; }

# What went wrong, from a drill's output.
problems_of() { { grep '^ *!' "$1" || tail -n 3 "$1"; } | sort -u | head -n 5; }

drill() {
    local library=$1 name=$2 environment=$3 log=$logs/drill-$1-$2.log began=$SECONDS
    # At SIGINT a drill puts everything back.
    if timeout --signal=INT --kill-after=2m 10m "$perilune" drill "$name" --kill-host \
        --environment "$environment" --library "$root/runbooks/$library" --state "$state" \
        </dev/null >"$log" 2>&1; then
        say "  $library $name: passed in $((SECONDS - began)) s"
        return
    fi
    failures=$((failures + 1))
    say "  $library $name: FAILED after $((SECONDS - began)) s; the whole output is in $log"
    problems_of "$log"
}

if (($# == 0)); then
    for folder in "$root"/runbooks/*/drills; do set -- "$@" "$(basename "${folder%/drills}")"; done
fi
for library in "$@"; do
    if ! compgen -G "$root/runbooks/$library/drills/*.lua" >/dev/null; then
        say "There are no drills in runbooks/$library." >&2
        exit 2
    fi
done
for library in "$@"; do
    for file in "$root/runbooks/$library"/drills/*.lua; do
        name=$(basename "$file" .lua)
        drill "$library" "${name//_/-}" \
            "$(sed -n 's/.* environment = "\([a-z-]*\)".*/\1/p' "$file")"
    done
done
say ""
"$perilune" drills --table --valid-for "$((SECONDS + 1))s" --state "$state"
say ""
say "Evidence and report.html of each are in $state/drills."
((failures == 0)) || exit 1
