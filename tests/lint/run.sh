#!/usr/bin/env bash
# Looks for mistakes in the code itself; ./dev lint [--threads | --memory | --clang-tidy [FILE…]]
# installs what is missing first.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 2

# What it says of these is left out with a reason in cppcheck.txt.
look_by_cppcheck() {
    cppcheck --enable=warning,performance,portability --std=c++20 --language=c++ -I. \
        --suppressions-list=tests/lint/cppcheck.txt --inline-suppr --quiet --error-exitcode=1 \
        -j "$(nproc)" --template='{file}:{line}: {message} ({id})' interpreter bindings
}

# Prints what clang-tidy says of one file as file:line: message [check], and then the file's name.
# The flags are those of CMakeLists.txt, so that nothing has to be configured.
look_at_file() {
    local flags=(-std=c++20 -I. -DSPDLOG_FMT_EXTERNAL -DFMT_HEADER_ONLY -Wall -Wextra -Wpedantic
        -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-missing-field-initializers
        -Wno-missing-designated-field-initializers -Wno-deprecated-declarations)
    local include said status
    for include in $LINT_INCLUDES; do flags+=("-isystem${include#-I}"); done
    said=$(clang-tidy-19 --quiet "$1" -- "${flags[@]}" 2>&1)
    status=$?
    said=$(sed -nE 's,^('"$PWD"'/|\./)?([^ :]+:[0-9]+):[0-9]+: (warning|error): ,\2: ,p' <<<"$said")
    [[ $status == 0 || $said ]] || said="$1:1: clang-tidy-19 ended with status $status"
    printf '%s\nlooked at %s\n' "$said" "$1"
}

# Which checks, and why not the others, is said in .clang-tidy. What is found in a header comes with
# each file that includes it, and is printed once.
look_by_clang_tidy() {
    local files=("$@") looked=0 said
    local -A told=()
    if ! command -v clang-tidy-19 >/dev/null; then
        printf 'lint: clang-tidy-19 is missing; it is a package of Debian 12.\n' >&2
        exit 2
    fi
    (($#)) || mapfile -t files < <(find interpreter bindings -name '*.cpp' | sort)
    LINT_INCLUDES=$(pkg-config --cflags-only-I luajit libpq) || exit 2
    export LINT_INCLUDES
    export -f look_at_file
    while IFS= read -r said; do
        if [[ $said == "looked at "* ]]; then
            looked=$((looked + 1))
            ((looked % 25 && looked != ${#files[@]})) ||
                printf 'clang-tidy: %d of %d files\n' "$looked" "${#files[@]}" >&2
        elif [[ $said && ! ${told[$said]:-} ]]; then
            told[$said]=yes
            printf '%s\n' "$said"
        fi
    done < <(printf '%s\0' "${files[@]}" |
        xargs -0 -n 1 -P "$(nproc)" bash -c 'look_at_file "$1"' look_at_file)
    ((${#told[@]} == 0 && looked == ${#files[@]}))
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
    --clang-tidy) look_by_clang_tidy "${@:2}" ;;
    --threads) look_by_threads ;;
    --memory) "$root/dev" build && exec tests/lint/memory.sh ;;
    *)
        printf 'dev: lint takes --clang-tidy, --memory or --threads, not "%s".\n' "$1" >&2
        exit 2
        ;;
esac || { echo "lint: mistakes were found"; exit 1; }
echo "lint: nothing found"
