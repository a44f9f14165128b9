#include "interpreter/report/verdict.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/next_commands.h"

namespace perilune::report {

namespace {

std::string with_quotes(const std::string& text) { return "\"" + text + "\""; }

// A message sent is nothing that is left in the world.
bool is_message(const Change& change) { return change.target.starts_with("notify/"); }

std::vector<Left> listed(const Value& items) {
    std::vector<Left> all;
    for (const auto& item : items.list())
        all.push_back({.what = item["what"].text(), .step = item["step"].text()});
    return all;
}

std::vector<Left> left_of(const RunState& state) {
    if (!state.end.is_nil()) return listed(state.end["left"]);
    std::vector<Left> left;
    for (const auto* change : state.changes_left()) {
        if (is_message(*change) || state.kept(change->scope)) continue;
        const std::string what =
            change->child.empty()
                ? call_text(change->target, change->operation, change->arguments())
                : "run " + change->child + " of " + change->operation;
        left.push_back({.what = what, .step = state.path(change->scope)});
    }
    return left;
}

// The failure that a person is asked about, else the one that ended the run.
const Value* telling_failure(const RunState& state) {
    const Value* newest = nullptr;
    for (const auto& [id, failure] : state.failures)
        if (!newest || failure["seq"].integer() > (*newest)["seq"].integer()) newest = &failure;
    if (newest) return newest;
    const std::string& outcome = state.end["outcome"].text();
    const bool failed = outcome == "failed" || !state.stop.is_nil();
    if (!failed || outcome == "done" || state.last_failure.is_nil()) return nullptr;
    // One that a guard caught, or that was tried again, ended nothing.
    const bool decided = state.last_failure.has("decision");
    return decided && outcome != "failed" ? nullptr : &state.last_failure;
}

void tell_failure(const RunState& state, Verdict& verdict) {
    const Value* failure = telling_failure(state);
    if (!failure) return;
    const Value& error = (*failure)["args"]["error"];
    verdict.step = state.path((*failure)["scope"].text());
    const std::string& what = (*failure)["args"]["what"].text();
    if (verdict.step.empty() && what != "body") verdict.step = (*failure)["name"].text();
    verdict.reason = error["message"].text();
    while (verdict.reason.ends_with('\n')) verdict.reason.pop_back();
    verdict.at = error["at"].text().empty() ? (*failure)["at"].text() : error["at"].text();
}

void tell_end(const RunState& state, Verdict& verdict) {
    const Value& end = state.end;
    const std::string& outcome = end["outcome"].text();
    verdict.word = outcome;
    verdict.exit = end["exit"].integer();
    verdict.ended = true;
    verdict.left_known = true;
    const std::string person = state.stop["who"].text();
    const std::string by = person.empty() ? "" : " by " + person;
    if (outcome == "done") {
        verdict.tone = Tone::good;
        verdict.sentence = "Done.";
    } else if (outcome == "undone") {
        verdict.tone = Tone::waits;
        verdict.sentence = "Undone" + by + ": what the run had changed was taken back.";
    } else if (outcome == "partly undone") {
        verdict.tone = Tone::bad;
        verdict.sentence = "Only partly undone" + by + ".";
    } else {
        verdict.tone = Tone::bad;
        verdict.sentence = outcome == "cancelled" ? "Cancelled" + by + "." : "Failed.";
        if (verdict.reason.empty()) verdict.reason = end["reason"].text();
    }
    if (outcome == "partly undone" || outcome == "cancelled") {
        // Not the failure that made somebody stop the run, but what came of that.
        verdict.reason =
            outcome == "cancelled" ? state.stop["reason"].text() : end["reason"].text();
        verdict.step.clear();
        verdict.at.clear();
    }
}

void tell_open(const RunState& state, const RunRow& row, Verdict& verdict) {
    const std::string word = state_word(state, row);
    const auto waiting = waiting_for(state);
    verdict.word = word;
    verdict.exit = word == "running" ? -1 : word == "lost" ? 10 : 3;
    if (!waiting.empty()) verdict.since = waiting.front().since;
    if (word == "waits") {
        verdict.tone = Tone::waits;
        verdict.sentence = "Waits" + (waiting.empty() ? "" : " for " + waiting.front().what) + ".";
        if (!state.failures.empty()) verdict.tone = Tone::bad;
    } else if (word == "running") {
        verdict.tone = Tone::runs;
        verdict.sentence = state.undoing ? "The undo is under way." : "Running.";
    } else if (word == "paused") {
        verdict.tone = Tone::waits;
        verdict.sentence = "Paused.";
    } else if (word == "diverged") {
        verdict.tone = Tone::bad;
        verdict.sentence = "Diverged: the script no longer does what the journal says it did.";
    } else if (word == "lost") {
        verdict.tone = Tone::bad;
        verdict.sentence = "Lost to another host, which goes on with it.";
    } else {
        verdict.tone = Tone::bad;
        verdict.sentence = word == "parked" ? "Parked." : "Stands still: " + word + ".";
    }
    if (verdict.reason.empty() && word != "waits" && word != "running") verdict.reason = row.reason;
}

// Rule 17: doubt comes before everything else.
void tell_doubt(const RunState& state, Verdict& verdict) {
    if (state.doubts() == 0) return;
    std::string names, targets;
    for (const auto& [id, intent] : state.intents) {
        if (!intent.in_doubt) continue;
        const std::string& target = intent.record["target"].text();
        names += (names.empty() ? "" : ", ") + target + ":" + intent.record["name"].text();
        if (targets.find(target) == std::string::npos)
            targets += (targets.empty() ? "" : " and ") + target;
        verdict.step = state.path(intent.record["scope"].text());
        verdict.at = intent.record["at"].text();
    }
    verdict.tone = Tone::doubt;
    verdict.word = "in doubt";
    verdict.sentence = "In doubt: whether " + names + " happened is not known.";
    verdict.exit = 9;
    verdict.reason = "Look at " + targets + ", then say what happened.";
    if (verdict.ended) return;
    for (const auto& waiting : waiting_for(state))
        if (waiting.tone == Tone::doubt) verdict.since = waiting.since;
}

std::string timer_text(const Value& record, const std::string& why) {
    const std::string length = show_duration(record["args"]["seconds"].number());
    const std::string name = with_quotes(record["name"].text());
    if (why == "sleep") return "a sleep of " + length;
    if (why == "backoff") return "the next attempt of " + name + ", after " + length;
    if (why == "poll") return name + " to become true";
    return "the next telling of " + name;
}

}  // namespace

std::string question_text(const Value& question) {
    const Value& args = question["args"];
    const std::string& what = args["what"].text();
    const std::string name = with_quotes(question["name"].text());
    if (what == "approve") return "approval of " + name;
    if (what == "confirm") return "a yes or no to " + name;
    if (what == "manual") return "somebody to do " + name;
    if (what != "signal") return "an answer to " + name;
    std::string names;
    for (const auto& signal : args["names"].list())
        names += (names.empty() ? "" : " or ") + with_quotes(signal.text());
    return "the signal " + (names.empty() ? name : names);
}

std::vector<Waiting> waiting_for(const RunState& state) {
    std::vector<Waiting> all;
    const auto add = [&](Tone tone, std::string what, const Value& record) {
        all.push_back({.tone = tone,
                       .what = std::move(what),
                       .path = state.path(record["scope"].text()),
                       .since = record["time"].number()});
    };
    const auto call = [](const Value& record) {
        return record["target"].text() + ":" + record["name"].text();
    };
    for (const auto& [id, intent] : state.intents)
        if (intent.in_doubt)
            add(Tone::doubt, "word on whether " + call(intent.record) + " happened", intent.record);
    for (const auto& [id, failure] : state.failures)
        add(Tone::bad, "a decision on the failure of " + with_quotes(failure["name"].text()),
            failure);
    for (const auto& [id, question] : state.questions)
        add(Tone::waits, question_text(question.record), question.record);
    for (const auto& [id, beyond] : state.beyond)
        add(Tone::waits, "a plan that shows " + beyond["what"].text(), beyond);
    for (const auto& [id, intent] : state.intents)
        if (!intent.in_doubt)
            add(Tone::runs,
                (intent.not_done ? "the next try of " : "the answer of ") + call(intent.record),
                intent.record);
    for (const auto& [id, child] : state.children)
        add(Tone::runs, "the run " + child["run"].text() + " of " + child["name"].text(), child);
    for (const auto& [id, timer] : state.timers)
        if (!timer.record.has("of"))
            add(Tone::runs, timer_text(timer.record, timer.why), timer.record);
    return all;
}

Verdict verdict_of(const RunState& state, const RunRow& row) {
    Verdict verdict;
    tell_failure(state, verdict);
    verdict.left = left_of(state);
    verdict.kept = listed(state.end["kept"]);
    if (state.end.is_nil()) {
        tell_open(state, row, verdict);
    } else {
        tell_end(state, verdict);
    }
    tell_doubt(state, verdict);
    verdict.next = next_commands(state, row, !verdict.left.empty());
    return verdict;
}

}  // namespace perilune::report
