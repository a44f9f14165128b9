// The timeline's beginning and end, its steps and branches, waits and log lines.
#include "interpreter/report/timeline_builder.h"

#include "interpreter/report/describe.h"

namespace perilune::report {

namespace {

std::string step_key(const Value& record) {
    return record["scope"].text() + "|" + record["strand"].text() + "|" + record["name"].text();
}

// A flag that a record may carry as a text, as a table with a reason, or as `true`.
std::string reason_of_flag(const Value& flag) {
    if (flag.is_map()) return first_text(flag, {"reason", "text"});
    if (!flag.text().empty()) return flag.text();
    return flag.boolean() ? "no reason was given" : "";
}

// The number behind "/undo." of an undo's strand; 0 for any other.
std::int64_t undo_index(const std::string& strand) {
    if (!strand.starts_with("/undo.")) return 0;
    return EventId::from_key("#" + strand.substr(6, strand.find('/', 6) - 6)).n;
}

}  // namespace

void TimelineBuilder::take_begin(const Value& record) {
    const Value& facts = record["facts"];
    RunFacts& run = made_.run;
    run.id = record["run"].text();
    run.runbook = record["runbook"].text();
    run.environment = record["environment"].text();
    run.summary = facts["summary"].text();
    run.who = record["who"].text();
    run.key = record["signed"]["key"].text();
    run.parent = record["parent"].text();
    run.params = record["params"];
    run.targets = facts["targets"];
    run.locks = facts["locks"];
    run.plan = first_text(record, {"plan", "plan_digest"});
    run.bundle = record["bundle"].text();
    run.seed = record["seed"].text();
    run.program = record["program"].text();
    run.began = record.has("started_at") ? record["started_at"].number() : record["time"].number();
    run.outage_began = record["outage_began_at"].number();
    run.break_glass = reason_of_flag(record["break_glass"]);
    if (record.has("break_glass") && run.break_glass.empty() && record["break_glass"].is_map())
        run.break_glass = "no reason was given";
    if (!run.break_glass.empty()) run.broke_glass = 1;
    made_.entries[0].at = run.began;
}

void TimelineBuilder::take_open(const Value& record) {
    const std::string key = EventId::from(record).key();
    const Value& args = record["args"];
    Attempt attempt;
    attempt.key = key;
    attempt.began = record["time"].number();
    open_scopes_.insert(key);
    const auto earlier = steps_by_name_.find(step_key(record));
    if (args["attempt"].integer() > 1 && earlier != steps_by_name_.end()) {
        Step& step = made_.steps[made_.entries[earlier->second].index];
        step.attempts.push_back(std::move(attempt));
        step.outcome.clear();
        step.ended = 0;
        places_[key] = earlier->second;
        return;
    }
    Step step;
    step.what = args["what"].text();
    step.name = record["name"].text();
    step.path = made_.state.path(key);
    step.at = record["at"].text();
    step.kept = args["undo"].text() == "kept";
    step.began = attempt.began;
    step.attempts.push_back(std::move(attempt));
    made_.steps.push_back(std::move(step));
    std::size_t parent = place_of(record["scope"].text());
    if (const auto undo = undo_places_.find(undo_index(record["strand"].text()));
        undo != undo_places_.end() && parent == 0)
        parent = undo->second;
    const std::size_t place =
        add_entry(EntryKind::step, made_.steps.size() - 1, parent, record["time"].number());
    places_[key] = place;
    steps_by_name_[step_key(record)] = place;
}

void TimelineBuilder::close_step(const std::string& scope, const std::string& outcome, double at) {
    open_scopes_.erase(scope);
    const auto place = places_.find(scope);
    if (place == places_.end() || place->second == 0) return;
    Step& step = made_.steps[made_.entries[place->second].index];
    step.outcome = outcome;
    step.ended = at;
    for (auto& attempt : step.attempts) {
        if (attempt.key != scope) continue;
        attempt.outcome = outcome;
        attempt.ended = at;
    }
}

void TimelineBuilder::take_close(const Value& record) {
    const std::string& scope = record["scope"].text();
    const Value& args = record["args"];
    close_step(scope, args["outcome"].text(), record["time"].number());
    const auto place = places_.find(scope);
    if (place == places_.end() || place->second == 0) return;
    Step& step = made_.steps[made_.entries[place->second].index];
    step.value = args["value"];
    for (auto& attempt : step.attempts)
        if (attempt.key == scope) attempt.problem = args["error"]["message"].text();
}

void TimelineBuilder::take_stop(const Value& record) {
    const bool of_run = !record.has("strand") && !record.has("of");
    const std::string scope = of_run             ? ""
                              : record.has("of") ? record["of"].text()
                                                 : record["args"]["scope"].text();
    const double at = record["time"].number();
    const std::set<std::string> open = open_scopes_;
    for (const auto& inner : open)
        if (made_.state.within(inner, scope)) close_step(inner, "stopped", at);
    end_people_within(scope, at, of_run ? record : Value());
    if (of_run) {
        std::string text = record["why"].text();
        if (const std::string& reason = record["reason"].text(); !reason.empty())
            text += ": " + reason;
        add_note("stop", record, text);
    } else if (record["why"].text() == "skip") {
        const auto place = places_.find(scope);
        if (place == places_.end() || place->second == 0) return;
        Step& step = made_.steps[made_.entries[place->second].index];
        step.skipped_by = record["who"].text();
        step.skip_reason = record["reason"].text();
    }
}

// A line's key is "strand#n.k"; it belongs where its strand stands.
void TimelineBuilder::take_log(const Value& record) {
    const std::string& key = record["key"].text();
    const std::string strand = key.substr(0, key.rfind('#'));
    const auto scope = strand_scopes_.find(strand);
    const std::size_t parent = scope == strand_scopes_.end() ? 0 : place_of(scope->second);
    const std::string& level = record["level"].text();
    add_note(level == "caught" ? "caught" : "log", record, record["text"].text(), parent);
}

void TimelineBuilder::take_timer(const Value& record) {
    const std::string& why = record["args"]["why"].text();
    if (record.has("of")) {
        const auto question = questions_.find(record["of"].text());
        if (why == "question" && question != questions_.end())
            made_.questions[question->second].due = record["deadline"]["wall"].number();
        return;
    }
    const EventId id = EventId::from(record);
    const std::string key = id.key();
    const std::string place = record["scope"].text() + "|" + record["name"].text() + "|" + why;
    Polling& polling = polling_[id.strand];
    if (why == "poll") {
        if (polling.wait != no_wait && polling.place == place) {
            WaitEntry& wait = made_.waits[polling.wait];
            ++wait.times;
            wait.ended = 0;
            waits_[key] = polling.wait;
            return;
        }
    }
    WaitEntry wait;
    wait.why = why;
    wait.name = record["name"].text();
    wait.seconds = record["args"]["seconds"].number();
    wait.began = record["time"].number();
    made_.waits.push_back(std::move(wait));
    waits_[key] = made_.waits.size() - 1;
    if (why == "poll") {
        polling.wait = made_.waits.size() - 1;
        polling.place = place;
    }
    // The pause between two attempts belongs to the step, though it lies outside of both.
    const auto step =
        why == "backoff" ? steps_by_name_.find(step_key(record)) : steps_by_name_.end();
    const std::size_t parent =
        step == steps_by_name_.end() ? place_of(record["scope"].text()) : step->second;
    add_entry(EntryKind::wait, made_.waits.size() - 1, parent, record["time"].number());
}

void TimelineBuilder::take_fired(const Value& record) {
    const auto wait = waits_.find(record["of"].text());
    if (wait != waits_.end()) made_.waits[wait->second].ended = record["time"].number();
}

void TimelineBuilder::take_end(const Value& record) {
    RunEnd end;
    end.at = record["time"].number();
    end.outcome = record["outcome"].text();
    end.exit = record["exit"].integer();
    end.reason = record["reason"].text();
    made_.run.ends.push_back(std::move(end));
}

}  // namespace perilune::report
