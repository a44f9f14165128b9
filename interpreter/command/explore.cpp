// perilune explore: every fault of a runbook in simulated worlds, and what of it goes wrong.
#include <algorithm>
#include <cctype>
#include <csignal>
#include <thread>

#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/numbers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/test.h"
#include "interpreter/testing/explorer.h"
#include "interpreter/testing/simulated_library.h"

namespace perilune {

namespace {

volatile std::sig_atomic_t interrupted = 0;

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
        // One run that goes on without end does not outlast the whole.
        options.run_cpu_s = std::max(1.0, std::min(options.run_cpu_s, *within));
    }
    if (invocation.has("--runs")) {
        const auto runs = read_number(invocation, "--runs", 1);
        if (!runs) return runs.error();
        options.runs_max = static_cast<std::size_t>(*runs);
    }
    if (invocation.has("--seed")) {
        const auto seed = read_number(invocation, "--seed", 0);
        if (!seed) return seed.error();
        options.seed = *seed;
    }
    return Done{};
}

// As a text of Lua, on one line.
std::string lua_text(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c == '\n' ? ' ' : c;
    }
    return quoted + "\"";
}

// A test that fails as long as the schedule shows anything.
Status keep_as_test(const Library& library, const std::string& exploration,
                    const ExploreOptions& options, const std::string& path) {
    const std::string text =
        "-- Found by an exploration, and kept: what must hold when this happens.\n"
        "describe(" +
        lua_text(exploration) + ", function()\n  it(" + lua_text("holds under: " + options.replay) +
        ", function()\n    assert.same({}, explored(" + lua_text(options.path) + ", " +
        lua_text(options.replay) + "))\n  end)\nend)\n";
    if (const auto made = make_folders(disk_path(library, "tests")); !made) return made;
    if (const auto written = write_file_durably(disk_path(library, path), text); !written)
        return written;
    say("Written: " + path + ". Execute it with: perilune test " + path);
    return Done{};
}

// Where --keep writes: a file that is not there yet.
Result<std::string> kept_path(const Library& library, std::string name) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    name = normal(name);
    for (const char* ending : {".lua", "_test"})
        if (name.ends_with(ending)) name.resize(name.size() - std::string(ending).size());
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain))
        return fail("bad_argument",
                    "--keep needs the name of a test file, such as "
                    "site_is_moved: letters, digits and underscores.");
    const std::string path = "tests/" + name + "_test.lua";
    if (read_file(disk_path(library, path)))
        return fail("bad_argument", path + " exists already. Choose another name.");
    return path;
}

// What --replay and --keep need of each other and of the rest.
Result<std::string> read_replay(const Invocation& invocation, const Library& library,
                                std::size_t chosen) {
    const bool replays = invocation.has("--replay");
    const bool keeps = invocation.has("--keep");
    if (chosen != 1 && (replays || keeps))
        return fail("bad_argument", "Say which runbook this is for: one name before --" +
                                        std::string(replays ? "replay." : "keep."));
    if (replays && invocation.get("--replay").empty())
        return fail("bad_argument", "--replay needs faults, as a finding names them, or none.");
    if (!keeps) return std::string();
    if (!replays) return fail("bad_argument", "--keep needs --replay: which schedule.");
    return kept_path(library, invocation.get("--keep"));
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
    // What was found so far is told; a second Ctrl-C ends it at once.
    std::signal(SIGINT, [](int) {
        interrupted = 1;
        std::signal(SIGINT, SIG_DFL);
    });
    options.stop = [] { return interrupted != 0; };
    if (const auto read = read_budget(invocation, options); !read)
        return report_error(invocation, read.error());
    const bool one = chosen->size() == 1;
    const auto keep_path = read_replay(invocation, *library, chosen->size());
    if (!keep_path) return report_error(invocation, keep_path.error());
    const std::string worker = helper_program("perilune-worker");
    const auto sent = simulated_library(*library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    bool found = false;
    List told;
    for (const auto& name : *chosen) {
        options.path = library->explorations.at(name);
        const auto explored = explore(*sent, options, [&](const Exploration& now) {
            if (!invocation.json())
                say(name + ": " + std::to_string(now.singles) + " faults and " +
                    std::to_string(now.pairs) + " pairs explored, " +
                    std::to_string(now.findings.size()) + " found");
        });
        if (!explored) return report_error(invocation, explored.error());
        if (!keep_path->empty())
            if (const auto kept = keep_as_test(*library, name, options, *keep_path); !kept)
                return report_error(invocation, kept.error());
        found = found || !explored->findings.empty();
        told.push_back(exploration_value(*explored));
        if (!invocation.json()) put(exploration_text(*explored, name) + "\n");
        if (interrupted != 0) break;
    }
    if (invocation.json()) put_json(one ? told.front() : Value(told));
    if (interrupted != 0) return exit_interrupted;
    return found ? exit_failed : exit_done;
}

}  // namespace perilune
