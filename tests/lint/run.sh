#!/usr/bin/env bash
# Looks for mistakes in the code itself; ./dev lint [--threads] installs what is missing first.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 2

# What it says of these is left out with a reason in cppcheck.txt.
look_by_cppcheck() {
    cppcheck --enable=warning,performance,portability --std=c++20 --language=c++ -I. \
        --suppressions-list=tests/lint/cppcheck.txt --inline-suppr --quiet --error-exitcode=1 \
        -j "$(nproc)" --template='{file}:{line}: {message} ({id})' interpreter bindings
}

# The tests of what has threads. The sanitizer's shadow of the memory has no room where addresses
# are made as random as newer kernels do.
look_by_threads() {
    local tests=(test_base test_journal test_run test_process) test failed=0
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    export PERILUNE_BIN=$root/.build/release/bin PERILUNE_SOURCE=$root
    "$root/dev" build || return 1
    cmake --preset tsan </dev/null >/dev/null && ninja -C .build/tsan "${tests[@]}" || return 1
    for test in "${tests[@]}"; do
        printf '%s\n' "$test"
        setarch -R ".build/tsan/bin/$test" </dev/null || failed=1
    done
    return $failed
}

case ${1:-} in
    '') look_by_cppcheck ;;
    --threads) look_by_threads ;;
    *) printf 'dev: lint takes only --threads, not "%s".\n' "$1" >&2 && exit 2 ;;
esac || { echo "lint: mistakes were found"; exit 1; }
echo "lint: nothing found"
