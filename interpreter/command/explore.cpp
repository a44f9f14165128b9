// perilune explore: every fault of a runbook in simulated worlds, and what of it goes wrong.
#include <algorithm>
#include <thread>

#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/test.h"
#include "interpreter/testing/explorer.h"
#include "interpreter/testing/simulated_library.h"

namespace perilune {

namespace {

std::string normal(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

Result<std::vector<std::string>> choose_explorations(const Library& library,
                                                     const std::vector<std::string>& named) {
    std::vector<std::string> chosen;
    std::vector<std::string> known;
    for (const auto& [name, path] : library.explorations) known.push_back(name);
    for (const auto& name : named) {
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) {
            return normal(one) == normal(name);
        });
        if (found == known.end())
            return fail("bad_argument", "The library " + library.name + " has no exploration of " +
                                            name + ": write explorations/" + normal(name) +
                                            ".lua." + did_you_mean(name, known));
        chosen.push_back(*found);
    }
    if (named.empty()) chosen = known;
    if (chosen.empty())
        return fail("bad_argument", "The library " + library.name +
                                        " has no explorations: files explorations/NAME.lua.");
    return chosen;
}

Status read_budget(const Invocation& invocation, ExploreOptions& options) {
    if (invocation.has("--within")) {
        const auto within = parse_duration(invocation.get("--within"));
        if (!within) return within.error();
        options.within_s = *within;
    }
    for (const auto& [name, least] : {std::pair{"--runs", 1.0}, std::pair{"--seed", 0.0}}) {
        if (!invocation.has(name)) continue;
        const auto number = convert(Type::integer, invocation.get(name), name);
        if (!number) return number.error();
        if (number->number() < least)
            return fail("bad_argument", std::string(name) + " is too small.");
        if (name == std::string("--runs"))
            options.runs_max = static_cast<std::size_t>(number->number());
        else
            options.seed = static_cast<std::uint64_t>(number->number());
    }
    return Done{};
}

// A test that fails as long as the schedule shows anything.
Status keep_as_test(const Library& library, const std::string& exploration,
                    const ExploreOptions& options, const std::string& name) {
    const std::string path = "tests/" + normal(name) + "_test.lua";
    const std::string text =
        "-- Found by an exploration, and kept: what must hold when this happens.\n"
        "describe(\"" +
        exploration +
        "\", function()\n"
        "  it(\"holds under: " +
        options.replay +
        "\", function()\n"
        "    assert.same({}, explored(\"" +
        options.path + "\", \"" + options.replay +
        "\"))\n"
        "  end)\n"
        "end)\n";
    const std::string full = disk_path(library, path);
    if (read_file(full))
        return fail("bad_argument", path + " exists already. Choose another name.");
    if (const auto made = make_folders(disk_path(library, "tests")); !made) return made;
    if (const auto written = write_file_durably(full, text); !written) return written;
    say("Written: " + path + ". Execute it with: perilune test " + normal(name));
    return Done{};
}

}  // namespace

int execute_explore(const Invocation& invocation) {
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const auto chosen = choose_explorations(*library, invocation.all("RUNBOOKS"));
    if (!chosen) return report_error(invocation, chosen.error());
    ExploreOptions options;
    options.program = helper_program("perilune-simulator");
    options.replay = invocation.get("--replay");
    options.at_once = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    if (const auto read = read_budget(invocation, options); !read)
        return report_error(invocation, read.error());
    const bool one = chosen->size() == 1;
    if (!one && (!options.replay.empty() || invocation.has("--keep")))
        return report_error(invocation, fail("bad_argument", "Say which runbook this is for."));
    const std::string worker = helper_program("perilune-worker");
    const auto sent = simulated_library(*library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    bool found = false;
    List told;
    for (const auto& name : *chosen) {
        options.path = library->explorations.at(name);
        if (invocation.has("--keep")) {
            if (options.replay.empty())
                return report_error(invocation,
                                    fail("bad_argument", "--keep needs --replay: which schedule."));
            const auto kept = keep_as_test(*library, name, options, invocation.get("--keep"));
            return kept ? exit_done : report_error(invocation, kept.error());
        }
        const auto explored = explore(*sent, options, [&](const Exploration& now) {
            if (!invocation.json())
                say(name + ": " + std::to_string(now.singles) + " faults and " +
                    std::to_string(now.pairs) + " pairs explored, " +
                    std::to_string(now.findings.size()) + " found");
        });
        if (!explored) return report_error(invocation, explored.error());
        found = found || !explored->findings.empty();
        told.push_back(exploration_value(*explored));
        if (!invocation.json()) put(exploration_text(*explored, name) + "\n");
    }
    if (invocation.json()) put_json(one ? told.front() : Value(told));
    return found ? exit_failed : exit_done;
}

}  // namespace perilune
