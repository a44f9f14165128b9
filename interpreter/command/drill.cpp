// perilune drill: one drill from its services to its evidence.
#include "interpreter/command/drill.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <sys/signalfd.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"
#include "interpreter/command/drill_prepared.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/drill/evidence.h"
#include "interpreter/drill/evidence_text.h"
#include "interpreter/report/escape.h"

namespace perilune {

namespace {

std::string own_program() {
    std::error_code code;
    return std::filesystem::read_symlink("/proc/self/exe", code).string();
}

class DrillSession {
public:
    explicit DrillSession(const Invocation& invocation)
        : invocation_(invocation), drill_(invocation) {}

    int execute() {
        if (const auto begun = drill_.begin(); !begun)
            return report_error(invocation_, begun.error());
        return conduct();
    }

    // Stops what a drill of this name has left running.
    int stop(const LeftDrill& left) {
        if (const auto taken = drill_.take_up(left); !taken)
            return report_error(invocation_, taken.error());
        const Conducted conducted = wait_for(&Conductor::clean_up);
        if (!stopped(conducted)) return exit_failed;
        say("Nothing of the drill in " + drill_.folder + " runs any more.");
        return conducted.deviations.empty() ? exit_done : exit_failed;
    }

private:
    int conduct() {
        LeftDrill note = this_drill(drill_.folder);
        note.drill = drill_.name;
        note.library = drill_.library.name;
        note.environment = drill_.environment;
        if (const auto noted = note_drill(note); !noted)
            return report_error(invocation_, noted.error());
        say("Drill " + drill_.name + " of " + drill_.library.name + ", kept in " + drill_.folder);
        return close(wait_for(&Conductor::conduct));
    }

    // Executes one of a conductor's ways to its end.
    Conducted wait_for(Awaitable<Conducted> (Conductor::*way)()) {
        ConductorOptions options;
        options.program = own_program();
        options.library = drill_.library.folder;
        options.state_folder = drill_.setup.state_folder;
        options.services_file = drill_.folder + "/services.json";
        options.keep_services = invocation_.has("--keep");
        options.kill_at_step = kill_step();
        const double began = boot_now_s();
        options.tell = [began](const std::string& text) {
            std::array<char, 24> at{};
            std::snprintf(at.data(), at.size(), "%7.1f s  ", boot_now_s() - began);
            say(at.data() + text);
        };
        Conductor conductor(*drill_.host, drill_.plan, options);
        watch_signals(conductor);
        Conducted conducted;
        drill_.host->loop().post([&] {
            start_task((conductor.*way)(), [&](Conducted made) {
                conducted = std::move(made);
                drill_.host->loop().stop();
            });
        });
        drill_.host->loop().run();
        return conducted;
    }

    // Whether nothing is left running; else says how to stop it.
    bool stopped(const Conducted& conducted) const {
        const auto part = conducted.parts.find("stop");
        const bool done = part != conducted.parts.end() && part->second.done;
        if (done) {
            forget_drill(drill_.folder);
        } else {
            say("Services still run. Stop them with: " + stop_command(invocation_, drill_.name));
        }
        return done;
    }

    // One of the steps that the last drill has seen, but its last, which may be over before anybody
    // sees that it has begun; the first one where there was none.
    std::size_t kill_step() const {
        if (!invocation_.has("--kill-host")) return 0;
        std::size_t steps = 0;
        std::vector<std::string> problems;
        for (const auto& earlier : read_all_evidence(state_folder(invocation_), problems)) {
            if (earlier["drill"] != Value(drill_.name) ||
                earlier["library"] != Value(drill_.library.name))
                continue;
            for (const auto& step : earlier["steps"].list()) steps += step["what"] == Value("step");
            break;
        }
        const std::size_t choices = std::max<std::size_t>(steps, 2) - 1;
        return 1 + static_cast<unsigned char>(random_bytes(1)[0]) % choices;
    }

    void watch_signals(Conductor& conductor) {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        signal_fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        drill_.host->loop().watch(signal_fd_, Ready::readable, [this, &conductor] {
            signalfd_siginfo info{};
            while (::read(signal_fd_, &info, sizeof info) == sizeof info) {
                if (interrupted_) {
                    say("Services still run. Stop them with: " +
                        stop_command(invocation_, drill_.name));
                    ::_exit(exit_interrupted);
                }
                interrupted_ = true;
                say("Ending the drill: the run is cancelled, everything is put back (again to "
                    "stop at once and leave the services).");
                conductor.interrupt();
            }
        });
    }

    int close(const Conducted& conducted) {
        std::optional<report::Timeline> timeline;
        RunRow row;
        if (!conducted.run.empty()) {
            const auto found = drill_.host->store().run(conducted.run);
            const auto records = Records::of(drill_.host->store(), conducted.run);
            if (found && *found && records && !records->empty()) {
                row = **found;
                timeline = timeline_of(row, *records);
            }
        }
        Value evidence = make_evidence(drill_.subject, drill_.plan, conducted,
                                       timeline ? &*timeline : nullptr, row);
        if (const auto kept = write_evidence(drill_.folder, evidence, conducted); !kept)
            return report_error(invocation_, kept.error());
        std::ofstream page(drill_.folder + "/report.html");
        page << drill_html(evidence, conducted);
        page.close();
        if (invocation_.json()) {
            put_json(evidence.set("folder", drill_.folder));
        } else {
            put(drill_text(evidence) + "  Report: " + drill_.folder + "/report.html\n");
        }
        stopped(conducted);
        if (interrupted_) return exit_interrupted;
        return evidence["result"] == Value("passed") ? exit_done : exit_failed;
    }

    const Invocation& invocation_;
    PreparedDrill drill_;
    int signal_fd_ = -1;
    bool interrupted_ = false;
};

int stop_left(const Invocation& invocation) {
    PreparedDrill drill(invocation);
    if (const auto found = drill.find(); !found) return report_error(invocation, found.error());
    auto left = left_drills(state_folder(invocation));
    std::erase_if(left, [&](const LeftDrill& one) {
        return one.drill != drill.name || one.library != drill.library.name;
    });
    if (left.empty()) say("No drill of this name has left anything running.");
    int code = exit_done;
    for (const auto& one : left) {
        if (one.goes_on()) {
            say("The drill in " + one.folder + " goes on, as process " + std::to_string(one.pid) +
                ". Nothing of it was stopped. End it with: kill -INT " + std::to_string(one.pid));
            code = exit_failed;
        } else if (const int ended = DrillSession(invocation).stop(one); ended != exit_done) {
            code = ended;
        }
    }
    return code;
}

}  // namespace

std::string stop_command(const Invocation& invocation, const std::string& drill) {
    std::string command = "perilune drill " + report::command_word(drill) + " --stop";
    for (const char* option : {"--library", "--state"})
        if (invocation.has(option))
            command +=
                " " + std::string(option) + " " + report::command_word(invocation.get(option));
    return command;
}

int execute_drill(const Invocation& invocation) {
    if (invocation.has("--stop")) return stop_left(invocation);
    if (invocation.has("--schedule")) return schedule_drill(invocation, own_program());
    return DrillSession(invocation).execute();
}

}  // namespace perilune
