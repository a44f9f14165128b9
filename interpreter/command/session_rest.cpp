// What a session does when the run and those below it come to rest.
#include <csignal>

#include "interpreter/base/json.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/closing.h"
#include "interpreter/run/code_change.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

constexpr std::size_t differences_shown_max = 10;

}  // namespace

void Session::on_rest(const std::string& run, Rest rest, const std::string& reason) {
    if (run != run_ || finished_ || parking_) return;
    if (rest == Rest::lost) {
        screen_->close();
        say("The run " + run_ + " was taken over by another host: " + reason +
            " Nothing more was done here. See: perilune watch " + run_);
        return finish(exit_lost);
    }
    if (rest == Rest::ended) {
        const Value& end = host_->live(run_)->engine().state().end;
        return end_park("ended", end["reason"].text(), static_cast<int>(end["exit"].integer()));
    }
    // What somebody has said already comes first.
    host_->after_inbox([this, rest, reason] {
        if (finished_ || parking_) return;
        if (host_->stuck()) {
            const bool diverged = rest == Rest::diverged;
            return end_park(diverged ? "diverged" : "parked", reason, exit_waits);
        }
        look_at_rest();
    });
}

void Session::look_at_rest() {
    const auto now = host_->standing();
    if (!now || now->rest == Rest::ended) return;
    const int interrupted = signal_ == SIGTERM ? exit_terminated : exit_interrupted;
    switch (now->rest) {
        case Rest::paused:
            return end_park("paused", now->reason, signals_ > 0 ? interrupted : exit_waits);
        case Rest::diverged: return end_park("diverged", now->reason, exit_waits);
        case Rest::crashed: return end_park("parked", now->reason, exit_waits);
        default: break;
    }
    if (invocation_.input()) return ask_people();
    end_park("waits", now->reason, now->doubtful ? exit_doubt : exit_waits);
}

void Session::end_park(const std::string& state, const std::string& reason, int code) {
    parking_ = true;
    host_->park(state, reason, [this, code] {
        screen_->close();
        show_closing(code);
        finish(code);
    });
}

// The last lines: outcome, failed step, reason, what is left behind, the next command; then what
// child runs wait for. Only the run itself has this process's exit code.
void Session::show_closing(int code) {
    const auto row_of = [this](const std::string& run) {
        const auto row = host_->store().run(run);
        return row && *row ? **row : RunRow();
    };
    std::vector<LiveRun*> resting;
    for (auto* run : host_->tree())
        if (run->id() != run_ && run->rest != Rest::ended) resting.push_back(run);
    const RunState& now = host_->live(run_)->engine().state();
    if (invocation_.json()) {
        Value told = report::closing_value(now, row_of(run_), code);
        List children;
        for (auto* run : resting)
            children.push_back(report::closing_value(run->engine().state(), row_of(run->id())));
        if (!children.empty()) told.set("children", std::move(children));
        return put_json(told);
    }
    const report::Style style = talk_style();
    std::string text;
    for (const auto& line : report::closing_lines(now, row_of(run_), style, code))
        text += line + "\n";
    for (auto* run : resting)
        for (const auto& line :
             report::closing_lines(run->engine().state(), row_of(run->id()), style))
            text += line + "\n";
    write_raw(text);
}

// Rule 7.8: a run goes on with what it carries; how that differs from what is on disk is said.
void Session::tell_code_differences() {
    LiveRun* run = host_->live(run_);
    const Value& begin = run->engine().state().begin;
    const std::string folder = invocation_.get("--library", begin["folder"].text());
    const auto library = open_library(folder);
    const auto now = library ? host_->read_library(*library, begin["environment"].text(),
                                                   begin["runbook"].text())
                             : Result<Prepared>(library.error());
    if (!now)
        return screen_->line("The run goes on with its own copy of its code. What is in " + folder +
                             " now cannot be read: " + now.error().message);
    const auto lines = changed_files(run->prepared().bundle.files, now->bundle.files);
    if (lines.empty()) return;
    screen_->line("The run goes on with its own copy of its code. On disk there is by now:");
    for (std::size_t i = 0; i < std::min(differences_shown_max, lines.size()); ++i)
        screen_->line("  " + lines[i]);
    if (lines.size() > differences_shown_max)
        screen_->line("  and " + std::to_string(lines.size() - differences_shown_max) + " more");
    screen_->line("To go on with that instead: perilune resume " + run_ + " --with-current-code");
}

}  // namespace perilune
