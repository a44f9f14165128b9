#include "interpreter/command/test_options.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/numbers.h"

namespace perilune {

namespace {

constexpr int at_once_max = 64;

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

Result<std::vector<std::string>> choose_files(const Library& library,
                                              const std::vector<std::string>& named) {
    std::vector<std::string> files;
    std::vector<std::string> known;
    for (const auto& [name, path] : library.tests) known.push_back(name);
    for (const auto& name : named) {
        std::string wanted = std::filesystem::path(name).filename().string();
        if (wanted.ends_with(".lua")) wanted.resize(wanted.size() - 4);
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) {
            return one == wanted || one == wanted + "_test" || one.ends_with("/" + wanted);
        });
        if (found == known.end())
            return fail(
                "bad_argument",
                "The library " + library.name + " has no test file " + name + "." +
                    did_you_mean(wanted.ends_with("_test") ? wanted : wanted + "_test", known) +
                    " It has: " + joined(known) + ".");
        files.push_back(library.tests.at(*found));
    }
    if (named.empty())
        for (const auto& [name, path] : library.tests) files.push_back(path);
    if (files.empty())
        return fail("bad_argument",
                    "The library " + library.name + " has no tests: files tests/NAME_test.lua.");
    return files;
}

}  // namespace

Result<TestOptions> read_test_options(const Invocation& invocation, const Library& library,
                                      const std::vector<std::string>& files_named) {
    TestOptions options;
    options.program = helper_program("perilune-simulator");
    options.filter = invocation.get("--filter");
    options.fail_fast = invocation.has("--fail-fast");
    options.at_once = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    if (invocation.has("--shuffle")) {
        const auto seed = read_number(invocation, "--shuffle", 1);
        if (!seed) return seed.error();
        options.shuffle = *seed;
    }
    if (invocation.has("--at-once")) {
        const auto count = read_number(invocation, "--at-once", 1);
        if (!count) return count.error();
        options.at_once = static_cast<int>(std::min<std::uint64_t>(*count, at_once_max));
    }
    if (invocation.has("--limit")) {
        const auto limit_s = parse_duration(invocation.get("--limit"));
        if (!limit_s) return limit_s.error();
        options.test_cpu_s = *limit_s;
    }
    auto files = choose_files(library, files_named);
    if (!files) return files.error();
    options.files = std::move(*files);
    return options;
}

Result<std::optional<double>> read_least(const Invocation& invocation) {
    if (!invocation.has("--least")) return std::optional<double>();
    const std::string text = invocation.get("--least");
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (!whole || !(number >= 0 && number <= 100))
        return fail("bad_argument",
                    "--least needs a percentage from 0 to 100, but it is \"" + text + "\".");
    return std::optional<double>(number);
}

}  // namespace perilune
