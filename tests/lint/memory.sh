#!/usr/bin/env bash
# Executes the crash tests under valgrind's memcheck, as ./dev lint --memory does: the tests, the
# hosts that they start, and the keepers of those. Any error and any definite leak is a mistake.
#
# Workers are not looked at: in place of LuaJIT's own memory valgrind sees one large area, and their
# confinement (system calls, RLIMIT_AS) leaves it no room. Nor are the small programs of a test.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
built=$root/.build/release/bin
folder=$root/.build/valgrind
logs=$folder/logs

# Debian 12's valgrind does not know pidfd_open, without which no host watches its workers.
oldest=3.21
package=valgrind_3.24.0-3_amd64.deb
package_sha256=0359e30820ccee7ee5c8d4c951ca276e3978b18f157d71bd77981de05b344907

# These disks work again some time after the start, before a host under valgrind has written once.
left_out=a_disk_that_is_full_*,half_a_write_*,a_run_says_once_that_it_cannot_write_*
# Reading libcurl's symbols takes the three seconds that this request is given; this step is given
# 100 ms; this timer's end is held against the clock, and this owner has a second to be frozen in.
left_out+=,a_try_proved_not_executed_says_nothing_of_*,an_attempt_that_timed_out_*
left_out+=,a_timer_fires_at_its_old_deadline_*,an_owner_of_a_tree_whose_child_was_overtaken_*
# The torture does what this one does, and expects nothing of how often a trouble comes in time.
left_out+=,programs_made_at_random_*

# What executes one runbook a hundred times over: of these, each eighth host is under valgrind.
sweeps=power_lost_*,a_sync_that_fails_*,*killed_at_every_moment*,*killed_at_any_moment*
sweeps+=,killed_several_times_*,*_wherever_the_host_dies,a_child_that_is_stopped_*
sweeps+=,the_same_id_started_twice_*,two_recoverers_of_*

# The last two take a third of the time from programs that live for a moment.
options=(-q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite
    --num-callers=40 --suppressions="$root/tests/lint/valgrind.supp" --vgdb=no
    --fair-sched=try --vex-guest-chase=no --vex-iropt-level=1)

stop() {
    printf 'lint: %s\n' "$1" >&2
    exit 2
}

fetch_valgrind() {
    [[ $(dpkg --print-architecture) == amd64 ]] ||
        stop "valgrind $oldest or newer is needed; the one to fetch is for amd64. Install it."
    echo "Unpacking to look at memory: Debian's $package, into $folder"
    rm -rf "$folder" && mkdir -p "$folder" || exit 2
    if ! fetch_and_unpack </dev/null >"$folder/fetch.log" 2>&1; then
        tail -n 3 "$folder/fetch.log" >&2
        stop "It cannot be had, or is not what it was. Install valgrind $oldest or newer yourself."
    fi
}

# From where apt has Debian's packages. Its own helper compares what arrives with the digest, and
# keeps nothing that differs.
fetch_and_unpack() {
    local own
    own=$(apt-get download --print-uris valgrind | sed -nE "s/^'([^']+)'.*/\1/p")
    [[ $own ]] || { echo "apt does not know where valgrind is: apt-get update" >&2 && return 1; }
    /usr/lib/apt/apt-helper download-file "${own%/*}/$package" "$folder/$package" \
        "SHA256:$package_sha256" &&
        dpkg-deb -x "$folder/$package" "$folder/new" && mv "$folder/new" "$folder/unpacked" &&
        rm "$folder/$package"
}

# Sets `valgrind` to a program that knows what hosts ask of the system.
find_valgrind() {
    local version
    version=$(valgrind --version 2>/dev/null) && valgrind=$(command -v valgrind)
    if dpkg --compare-versions "${version#valgrind-}" ge "$oldest"; then return; fi
    [[ -d $folder/unpacked ]] || fetch_valgrind
    valgrind=$folder/unpacked/usr/bin/valgrind.bin
    export VALGRIND_LIB=$folder/unpacked/usr/libexec/valgrind
    "$valgrind" --version >/dev/null || stop "Debian's $package does not work here."
}

# Makes the program that tests start as the host; one of so many is under valgrind. The name of a
# log has the time, for numbers of processes come again.
make_programs() {
    local every=$1 host=$folder/programs/perilune-crash
    mkdir -p "$folder/programs" && : >"$folder/starts"
    {
        printf '#!/bin/sh\necho >>%q\n' "$folder/starts"
        printf '[ $(($(wc -l <%q) %% %d)) = 0 ] || exec ' "$folder/starts" "$every"
        printf '%q "$@"\nexec' "$built/perilune-crash"
        printf ' %q' "$valgrind" "${options[@]}" --trace-children=yes \
            '--trace-children-skip=*/perilune-worker,*/mark'
        printf ' --log-file=%q/"$(date +%%s.%%N)".%%p %q "$@"\n' "$logs" "$built/perilune-crash"
    } >"$host" && chmod +x "$host"
    # The tests end a host that takes a minute for one run; one under valgrind may be long.
    printf '#!/bin/sh\nshift 3\nexec /usr/bin/timeout -s KILL 600 "$@"\n' \
        >"$folder/programs/timeout" && chmod +x "$folder/programs/timeout"
}

# Executes a program of tests whose hosts, one of so many, are under valgrind as it is itself.
look_at() {
    local every=$1 program=$2 began=$SECONDS
    shift 2
    make_programs "$every" || exit 2
    "$valgrind" "${options[@]}" --log-file="$logs/$program.%p" "$built/$program" "$@" </dev/null ||
        failed=1
    echo "$program: $(($(wc -l <"$folder/starts") / every)) hosts of" \
        "$(wc -l <"$folder/starts") under valgrind, $((SECONDS - began)) s"
}

find_valgrind
rm -rf "$logs" && mkdir -p "$logs" || exit 2
failed=0
export PERILUNE_BIN=$folder/programs PERILUNE_SOURCE=$root PATH=$folder/programs:$PATH
look_at 1 test_crash "--test-case-exclude=$sweeps,$left_out"
look_at 8 test_crash "--test-case=$sweeps"
look_at 1 perilune-torture --minutes 1
find "$logs" -empty -delete
if ! rmdir "$logs" 2>/dev/null; then
    cat "$logs"/* | head -n 200
    echo "The whole of what valgrind said is in $logs"
    failed=1
fi
((failed == 0)) || { echo "lint: mistakes were found"; exit 1; }
echo "lint: nothing found"
