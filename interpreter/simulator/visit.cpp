#include "interpreter/simulator/visit.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/library/parameters.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

constexpr const char* someone = "someone@simulation";

bool is_detailed(const Value& answer) {
    return answer.has("decision") || answer.has("value") || answer.has("by");
}

// Of a question that is asked several times: one answer after the other.
bool is_sequence(const Value& answers) {
    const List& list = answers.list();
    return !list.empty() && std::all_of(list.begin(), list.end(), is_detailed);
}

}  // namespace

Rehearsal::Visit::Visit(Rehearsal& rehearsal, const RunOptions& options, VirtualLoop* shared)
    : rehearsal_(rehearsal), options_(options), loop_(shared), first_(!shared) {
    HostSetup setup = rehearsal.host_setup(loop_);
    if (first_) {
        MemoryState& state = *rehearsal_.state_;
        state.commits_until_death = options.dies_at_commit;
        state.on_death = [this] {
            died_ = true;
            loop_->stop();
        };
        state.commits_until_overtaken = options.overtaken_at_commit;
        state.on_overtaken = [this] { overtake(); };
    }
    host_ = std::make_unique<Host>(std::move(setup), *this);
}

Rehearsal::Visit::~Visit() {
    if (!first_) return;
    MemoryState& state = *rehearsal_.state_;
    state.commits_until_death = state.commits_until_overtaken = 0;
    state.on_death = state.on_overtaken = nullptr;
    // What waits on the loop holds runs of both hosts.
    if (other_) loop_->drop();
}

// In the middle of a commit, which this host then learns to have lost.
void Rehearsal::Visit::overtake() {
    other_options_ = options_;
    other_options_.dies_at_commit = other_options_.overtaken_at_commit = 0;
    rehearsal_.state_->living.erase(host_->id());
    auto other = std::make_unique<Visit>(rehearsal_, other_options_, loop_);
    if (other->take(run_))
        other_ = std::move(other);
    else
        rehearsal_.state_->living.insert(host_->id());
}

bool Rehearsal::Visit::take(const std::string& run) {
    run_ = run;
    bool taken = false;
    if (!host_->open()) return false;
    const auto row = host_->store().run(run);
    if (!row || !*row || (*row)->state == "ended") return false;
    host_->resume(run_, options_.who, [&](const Status& status) { taken = status.ok(); });
    return taken;
}

Status Rehearsal::Visit::start(const Library& library, const std::string& environment,
                               const std::string& runbook, const std::string& id) {
    if (const auto opened = host_->open(); !opened) return opened;
    run_ = id;
    host_->loop().post([this, library, environment, runbook, id] {
        host_->prepare(library, environment, runbook,
                       [this, id](Result<Prepared> made) { prepared(std::move(made), id); });
    });
    return work();
}

void Rehearsal::Visit::prepared(Result<Prepared> made, const std::string& id) {
    if (!made) return give_up(made.error());
    const auto& defaults = made->environment.parameters;
    const auto found = defaults.find(made->runbook);
    auto declared = read_declarations(made->facts["parameters"]);
    if (!declared) return give_up(declared.error());
    Value given = options_.params;
    auto params = check_parameters(*declared, given.as_map(),
                                   found == defaults.end() ? Map() : found->second);
    if (!params) return give_up(params.error());
    StartOptions start;
    start.params = Value(*params);
    start.who = options_.who;
    start.outage_began_at = options_.outage_began_at;
    start.run_id = id;
    host_->start(*made, start, [this](const Result<std::string>& started) {
        if (!started) give_up(started.error());
    });
}

Status Rehearsal::Visit::resume(const std::string& run, const InboxRow* first) {
    if (const auto opened = host_->open(); !opened) return opened;
    run_ = run;
    if (first)
        if (const auto sent = host_->store().send(*first); !sent) return sent;
    host_->loop().post([this] {
        host_->resume(run_, options_.who, [this](const Status& status) {
            if (!status) give_up(status.error());
        });
    });
    return work();
}

// Lets the world go on until the run rests, the host dies, or too much time has passed.
Status Rehearsal::Visit::work() {
    loop_->run_until(boot_now_s() + options_.within_s);
    const Visit& last = other_ ? *other_ : *this;
    if (last.error_ && !died_) return *last.error_;
    if (!last.over_ && !died_)
        return fail("never_rests", "The run " + run_ + " still went on after " +
                                       show_duration(options_.within_s) + " of virtual time.");
    return Done{};
}

void Rehearsal::Visit::give_up(Error error) {
    error_ = std::move(error);
    over_ = true;
    loop_->stop();
}

void Rehearsal::Visit::on_record(const std::string&, const RunState&, const Value& record) {
    if (record["kind"].text() == "log") note_verification(record["text"].text());
    // What a run asks while other branches go on is answered too.
    if (!parking_)
        loop_->post([this] {
            while (!left() && answer()) {
            }
        });
}

void Rehearsal::Visit::on_rest(const std::string& run, Rest rest, const std::string& reason) {
    if (run != run_ || left()) return;
    if (rest == Rest::lost) {
        over_ = true;
        return loop_->stop();
    }
    if (rest == Rest::ended) return park("ended", reason);
    host_->after_inbox([this] {
        if (!left()) look_at_rest();
    });
}

void Rehearsal::Visit::look_at_rest() {
    const auto now = host_->standing();
    if (host_->stuck() && now)
        return park(now->rest == Rest::diverged ? "diverged" : "parked", now->reason);
    if (!now || now->rest == Rest::ended || answer() || unsent_ > 0) return;
    switch (now->rest) {
        case Rest::paused: return park("paused", now->reason);
        case Rest::diverged: return park("diverged", now->reason);
        case Rest::crashed: return park("parked", now->reason);
        default: break;
    }
    if (!gives_time()) park("waits", now->reason);
}

// A question that ends by itself gets its time, as where a host stays and nobody answers.
bool Rehearsal::Visit::gives_time() const {
    for (auto* run : host_->tree()) {
        if (run->ended || run->at_rest()) continue;
        for (const auto& [id, timer] : run->engine().state().timers)
            if (timer.why == "question") return true;
    }
    return false;
}

void Rehearsal::Visit::park(const std::string& state, const std::string& reason) {
    parking_ = true;
    host_->park(state, reason, [this] {
        over_ = true;
        if (!other_) loop_->stop();
    });
}

bool Rehearsal::Visit::answer() {
    for (auto* run : host_->tree()) {
        if (run->ended || run->at_rest() || run->engine().replaying()) continue;
        const RunState& state = run->engine().state();
        for (const auto& [id, question] : state.questions)
            if (answer_question(*run, question.record, id.key())) return true;
        for (const auto& [id, failure] : state.failures)
            if (decide(*run, failure)) return true;
    }
    return false;
}

// The vocabulary says so where it asks again.
void Rehearsal::Visit::note_verification(std::string_view line) {
    const auto end = line.find("\" was answered, but its verification does not hold");
    if (line.starts_with('"') && end != std::string_view::npos)
        not_verified_.emplace(line.substr(1, end - 1));
}

// What was said once and did not verify is not said again: a person who repeats it for ever helps
// nobody. Of a list the next is.
std::optional<Value> Rehearsal::Visit::next_answer(const Value& answers, const std::string& name) {
    const bool is_list = is_sequence(answers);
    const std::size_t known = is_list ? answers.list().size() : 1;
    const auto times = static_cast<std::size_t>(answered_["askings of " + name]);
    if (times >= known && not_verified_.contains(name)) return std::nullopt;
    ++answered_["askings of " + name];
    return is_list ? answers.list()[std::min(times, known - 1)] : answers;
}

// An answer is text ("approve"), a value, or { decision, value, by, reason, after }; or a list of
// those. It is given once for each time that it is asked, the last of a list from then on.
bool Rehearsal::Visit::answer_question(LiveRun& run, const Value& record, const std::string& key) {
    const std::string name = record["name"].text();
    const auto found = options_.answers.find(name);
    if (found == options_.answers.end() || answered_.contains(run.id() + key)) return false;
    const auto next = next_answer(found->second, name);
    if (!next) return false;
    const Value& given = *next;
    const bool detailed = is_detailed(given);
    const Value decision = detailed ? given["decision"] : given;
    const std::string what = record["args"]["what"].text();
    if (given["refuses"].boolean() && what != "approve" && what != "confirm") return false;
    std::string who = given["by"].text();
    if (who.empty()) {
        const auto& rules = rehearsal_.environment_.policy.approvals;
        const auto rule = rules.find(record["args"]["role"].text());
        who = rule != rules.end() && !rule->second.from.empty() ? rule->second.from.front()
                                                                : std::string(someone);
    }
    Value body;
    body.set("name", key).set("how", "said by the test").set("reason", given["reason"]);
    std::string kind = "answer";
    if (what == "approve") kind = decision.text() == "reject" ? "reject" : "approve";
    if (what == "signal") {
        kind = "signal";
        body.set("name", name).set("data", detailed ? given["value"] : given);
    } else if (kind == "answer") {
        body.set("value", detailed && given.has("value") ? given["value"] : decision);
    }
    answered_[run.id() + key] = 1;
    return give(run, kind, std::move(body), who, given["after"].number());
}

// The n-th decision about one step is the n-th of a list of answers, the last one for all further.
bool Rehearsal::Visit::decide(LiveRun& run, const Value& failure) {
    const std::string name = failure["name"].text();
    const auto found = options_.answers.find(name);
    const std::string key = run.id() + "!" + std::to_string(failure["seq"].integer());
    if (found == options_.answers.end() || answered_.contains(key)) return false;
    const List& list = found->second.list();
    const auto times = static_cast<std::size_t>(answered_["decisions of " + name]++);
    Value given = found->second;
    if (!list.empty()) given = list[std::min(times, list.size() - 1)];
    const std::string kind = given.has("decision") ? given["decision"].text() : given.text();
    // A question that failed has the name of its own answer, which decides nothing.
    if (kind != "retry" && kind != "skip" && kind != "undo" && kind != "pause") return false;
    answered_[key] = 1;
    Value body;
    body.set("step", name)
        .set("reason", given.has("reason") ? given["reason"] : "the test says so");
    body.set("result", given["value"]);
    return give(run, kind, std::move(body), someone, given["after"].number());
}

bool Rehearsal::Visit::give(LiveRun& run, const std::string& kind, Value body,
                            const std::string& who, double after_s) {
    Command command;
    command.id = host_->id() + "-command-" + std::to_string(++commands_);
    command.kind = kind;
    command.who = who.find('@') == std::string::npos ? who + "@simulation" : who;
    command.body = std::move(body);
    ++unsent_;
    const auto send = [this, id = run.id(), command]() mutable {
        --unsent_;
        if (left()) return;
        command.at = wall_now_s();
        const std::string refused = host_->command(id, command);
        if (!refused.empty())
            give_up(fail("not_taken", "The test's answer was not taken: " + refused));
    };
    if (after_s <= 0) {
        host_->loop().post(send);
    } else {
        host_->loop().start_timer(boot_now_s() + after_s, send);
    }
    return true;
}

}  // namespace perilune
