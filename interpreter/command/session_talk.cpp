// What a session says to people, and what they type.
#include <array>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/session.h"
#include "interpreter/report/usual.h"
#include "interpreter/run/live_run.h"

namespace perilune {

// How long the steps of this runbook usually take, by its latest runs; only a terminal shows it.
void Session::learn_usual(const std::string& runbook) {
    const auto rows = host_->store().runs(20);
    if (!rows) return;
    std::vector<Records> runs;
    for (const auto& row : *rows) {
        if (row.runbook != runbook || row.state != "ended" || runs.size() >= 5) continue;
        if (row.seq > 5000) continue;
        if (auto records = Records::of(host_->store(), row.id)) runs.push_back(std::move(*records));
    }
    std::map<std::string, double> seconds;
    for (const auto& [path, usual] : report::usual_durations(runs, runbook).steps)
        seconds[path] = usual.median_s;
    screen_->usual(std::move(seconds));
}

// What the run and those below it wait for, with the child run where it is one's.
Value Session::waiting() {
    List all;
    for (auto* run : host_->tree()) {
        if (run->ended || run->engine().state().begin.is_nil()) continue;
        const Value waits = run->engine().waiting();
        for (Value item : waits.list()) {
            const std::string path = item["path"].text();
            if (run->id() != run_)
                item.set("path", run->prepared().runbook + (path.empty() ? "" : " › ") + path);
            all.push_back(std::move(item));
        }
    }
    return all;
}

void Session::ask_people() {
    std::string text;
    for (auto* run : host_->tree()) {
        if (run->ended || run->at_rest() || !run->engine().state().asks()) continue;
        if (run->id() != run_)
            text += (text.empty() ? "" : "\n") + ("In the child run " + run->id()) + " (" +
                    run->prepared().runbook + "):";
        text += (text.empty() ? "" : "\n") +
                question_text(run->id(), run->engine().state(), ::isatty(STDIN_FILENO) == 1);
    }
    if (text.empty() || text == typed_) return;
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

// A line answers what is shown first: the run itself comes before those below it.
void Session::on_line(const std::string& line) {
    if (line.empty()) return;
    for (auto* run : host_->tree()) {
        if (run->ended || run->at_rest() || !run->engine().state().asks()) continue;
        auto given = command_from_line(line, run->engine().state());
        if (!given) return screen_->prompt(given.error().message);
        given->who = current_person();
        typed_.clear();
        screen_->answered();
        const std::string refused = host_->command(run->id(), *given);
        if (!refused.empty()) screen_->prompt(refused);
        return;
    }
}

}  // namespace perilune
