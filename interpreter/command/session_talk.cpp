// What a session says to people, and what they type.
#include <array>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/person_key.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/run/live_run.h"
#include "interpreter/run/proof.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

// Who has a key in the library is known by it: the start of a run is signed (see signed_text.h).
Status Session::sign_start(const Prepared& made, StartOptions& options) {
    const auto people = People::of(made.bundle.files);
    if (!people) return people.error();
    const auto key = find_person_key(invocation_, *people);
    if (!key) return key.error();
    if (!*key) {
        if (people->know_keys() && made.environment.kind != EnvironmentKind::drill)
            screen_->line(not_signed(options.who));
        return Done{};
    }
    if (options.run_id.empty()) options.run_id = make_run_id(wall_now_s());
    Value begin = options.extra;
    begin.set("run", options.run_id).set("runbook", made.runbook).set("params", options.params);
    begin.set("environment", made.environment.name).set("bundle", made.bundle.digest);
    if (options.outage_began_at > 0) begin.set("outage_began_at", options.outage_began_at);
    const Signer signer{.person = (*key)->person, .at = wall_now_s()};
    const bool may_ask = invocation_.input() && ::isatty(STDIN_FILENO) == 1;
    const auto given = sign_as(**key, start_text(begin, signer), may_ask);
    if (!given) return given.error();
    const Signature checked =
        check_signature(made.bundle.files, Value().set("signed", *given), signer.at);
    if (!checked.problem.empty()) return fail("bad_signature", checked.problem);
    if (checked.person.empty()) return Done{};
    options.extra.set("user", options.who).set("signed", checked.proof);
    options.extra.set("signed_at", signer.at);
    options.who = checked.person;
    return Done{};
}

// How long the steps of this runbook usually take, by its latest runs; only a terminal shows it.
void Session::learn_usual(const std::string& runbook) {
    screen_->usual(usual_of(host_->store(), state_folder(invocation_), runbook));
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

// What is typed is signed as a command of another terminal is, but nothing can be asked for here.
std::string Session::sign_typed(LiveRun& run, Command& given) {
    if (!is_signed_kind(given.kind)) return {};
    const Texts& code = run.prepared().bundle.files;
    const auto people = People::of(code);
    if (!people) return people.error().message;
    const auto weaker = sign_given(invocation_, *people, run.engine().state(), given, false);
    if (!weaker) return weaker.error().message;
    if (!weaker->empty()) screen_->line(*weaker);
    const Signature checked = check_signature(code, given.body, given.at);
    given.person = checked.person;
    given.proof = checked.proof;
    return checked.problem;
}

// A line answers what is shown first: the run itself comes before those below it.
void Session::on_line(const std::string& line) {
    if (line.empty()) return;
    for (auto* run : host_->tree()) {
        if (run->ended || run->at_rest() || !run->engine().state().asks()) continue;
        auto given = command_from_line(line, run->engine().state());
        if (!given) return screen_->prompt(given.error().message);
        given->who = current_person();
        given->at = wall_now_s();
        if (const std::string problem = sign_typed(*run, *given); !problem.empty())
            return screen_->prompt(problem);
        typed_.clear();
        screen_->answered();
        const std::string refused = host_->command(run->id(), *given);
        if (!refused.empty()) screen_->prompt(refused);
        return;
    }
}

}  // namespace perilune
