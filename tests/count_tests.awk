# Prints the output of the failed tests of ctest's verbose log, then the closing line of `name`. A
# test's lines carry its number in front. Doctest programs count by their test cases, other runners
# by their own closing line, and a program that broke off before either as one failure.

# What doctest says of a test case stands between lines of "="; only those that failed are shown.
function of_failures(text,    blocks, count, shown, i) {
    count = split(text, blocks, /  ====+\n/)
    for (i = 1; i <= count; i++)
        if (count == 1 || i == count || blocks[i] ~ /ERROR|exception|SIG[A-Z]+/) shown = shown blocks[i]
    return shown
}

match($0, /^ *[0-9]+: /) {
    id = substr($0, 1, RLENGTH) + 0
    text = substr($0, RLENGTH + 1)
    output[id] = output[id] "  " text "\n"
    gsub(/\033\[[0-9;]*m/, "", text)
    if (text ~ /^\[doctest\] test cases:/) {
        split(text, part, /[:|]/)
        passed[id] += part[3]; failed[id] += part[4]; skipped[id] += part[5]
    } else if (text ~ /^[a-z_ -]+: [0-9]+ passed, [0-9]+ failed/) {
        sub(/^[^:]*: /, "", text); split(text, part, /, /)
        passed[id] += part[1]; failed[id] += part[2]; skipped[id] += part[3]
    }
}
match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
    title = substr($0, RLENGTH + 1)
    match($0, /#[0-9]+:/)
    id = substr($0, RSTART + 1) + 0
    ended++
    if (title ~ /\*\*\*Skipped/) {
        skipped[id]++
    } else if (title !~ / Passed +[0-9.]+ sec/) {
        if (!failed[id]) failed[id] = 1
        printf "── %s\n%s", title, of_failures(output[id])
    } else if (!(passed[id] + failed[id])) {
        passed[id] = 1
    }
}
END {
    for (id in passed) all_passed += passed[id]
    for (id in failed) all_failed += failed[id]
    for (id in skipped) all_skipped += skipped[id]
    if (!ended) { print "ctest ran no test at all"; all_failed = 1 }
    printf "%s: %d passed, %d failed", name, all_passed, all_failed
    print (all_skipped ? ", " all_skipped " skipped" : "")
}
