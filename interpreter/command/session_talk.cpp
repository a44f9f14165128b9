// What a session says to people, and what they type.
#include <array>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/session.h"
#include "interpreter/report/closing.h"
#include "interpreter/report/usual.h"
#include "interpreter/run/live_run.h"

namespace perilune {

// The last lines: outcome, failed step, reason, what is left behind, the next command.
void Session::show_closing(const RunState& now) {
    auto row = host_->store().run(run_);
    const RunRow known = row && *row ? **row : RunRow();
    if (invocation_.json()) return put_json(report::closing_value(now, known));
    report::Style style;
    style.colour = talk_in_colour();
    style.columns = 100;
    std::string text;
    for (const auto& line : report::closing_lines(now, known, style)) text += line + "\n";
    write_raw(text);
}

// How long the steps of this runbook usually take, by its latest runs; only a terminal shows it.
void Session::learn_usual(const std::string& runbook) {
    const auto rows = host_->store().runs(20);
    if (!rows) return;
    std::vector<std::vector<Value>> runs;
    for (const auto& row : *rows) {
        if (row.runbook != runbook || row.state != "ended" || runs.size() >= 5) continue;
        const auto records = host_->store().records(row.id);
        if (!records || records->size() > 5000) continue;
        runs.emplace_back();
        for (const auto& record : *records)
            if (auto read = from_canonical_json(record.body)) runs.back().push_back(*read);
    }
    std::map<std::string, double> seconds;
    for (const auto& [path, usual] : report::usual_durations(runs, runbook).steps)
        seconds[path] = usual.median_s;
    screen_->usual(std::move(seconds));
}

void Session::ask_people() {
    LiveRun* run = host_->live(run_);
    const std::string text =
        question_text(run_, run->engine().state(), ::isatty(STDIN_FILENO) == 1);
    if (text == typed_) return;
    typed_ = text;
    if (::isatty(STDIN_FILENO) != 1) return screen_->line(text);
    screen_->prompt(text);
}

// Keys while nothing is asked (`t` tells what happens now), lines while something is.
void Session::read_terminal() {
    if (::isatty(STDIN_FILENO) != 1) return;
    input_ = host_->loop().watch(STDIN_FILENO, Ready::readable, [this] {
        std::array<char, 4096> bytes{};
        const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        // The terminal is gone: the run goes on, and is answered from elsewhere.
        if (got <= 0) return host_->loop().cancel(input_);
        const std::string typed(bytes.data(), static_cast<std::size_t>(got));
        if (!screen_->prompting()) {
            if (typed.find('t') != std::string::npos) screen_->tell_now();
            return;
        }
        line_ += typed;
        for (auto at = line_.find('\n'); at != std::string::npos; at = line_.find('\n')) {
            const std::string line = line_.substr(0, at);
            line_.erase(0, at + 1);
            on_line(line);
        }
    });
}

void Session::on_line(const std::string& line) {
    LiveRun* run = host_->live(run_);
    if (!run || line.empty()) return;
    auto given = command_from_line(line, run->engine().state());
    if (!given) return screen_->prompt(given.error().message);
    given->who = current_person();
    typed_.clear();
    screen_->answered();
    const std::string refused = host_->command(run_, *given);
    if (!refused.empty()) screen_->prompt(refused);
}

}  // namespace perilune
