#include "interpreter/run/run_state.h"

#include <algorithm>

namespace perilune {

namespace {

// The place of a record by kind, so that `apply` reads as a table.
enum class Kind {
    begin,
    open,
    close,
    read,
    intent,
    result,
    timer,
    fired,
    question,
    answer,
    failure,
    stop,
    settled,
    child,
    undo,
    undone,
    ended,
    end,
    keep,
    signal,
    plan,
    review,
    beyond,
    code,
    claim,
    progress,
    log,
    other
};

Kind kind_of(const std::string& text) {
    static const std::unordered_map<std::string, Kind> kinds = {
        {"begin", Kind::begin},     {"open", Kind::open},       {"close", Kind::close},
        {"read", Kind::read},       {"intent", Kind::intent},   {"result", Kind::result},
        {"timer", Kind::timer},     {"fired", Kind::fired},     {"question", Kind::question},
        {"answer", Kind::answer},   {"failure", Kind::failure}, {"stop", Kind::stop},
        {"settled", Kind::settled}, {"child", Kind::child},     {"undo", Kind::undo},
        {"ended", Kind::ended},     {"end", Kind::end},         {"keep", Kind::keep},
        {"signal", Kind::signal},   {"try", Kind::progress},    {"not_done", Kind::progress},
        {"doubt", Kind::progress},  {"part", Kind::progress},   {"undone", Kind::undone},
        {"plan", Kind::plan},       {"beyond", Kind::beyond},   {"log", Kind::log},
        {"code", Kind::code},       {"review", Kind::review},   {"claim", Kind::claim}};
    const auto found = kinds.find(text);
    return found == kinds.end() ? Kind::other : found->second;
}

// What opens branches, which carry the names.
bool is_join(const std::string& what) {
    return what == "parallel" || what == "each" || what == "meanwhile";
}

}  // namespace

RunState::RunState() {
    Scope run;
    run.what = "run";
    scopes.emplace("", run);
}

void RunState::apply(const Value& record) {
    seq = record["seq"].integer();
    time = std::max(time, record["time"].number());
    if (record.has("break_glass") && !record.has("parent")) take_broken_glass(record);
    if (const std::string& target = record["target"].text();
        !target.empty() && !used_targets.contains(target))
        used_targets.insert(target);
    if (record.has("signed") && record.has("inbox")) signed_commands.insert(record["inbox"].text());
    switch (kind_of(record["kind"].text())) {
        case Kind::begin:
            begin = record;
            take_plan(record);
            break;
        case Kind::open: open_scope(record); break;
        case Kind::close: close_scope(record); break;
        case Kind::intent: take_intent(record); break;
        case Kind::result: take_result(record); break;
        case Kind::timer: {
            const EventId id = record.has("of") ? of(record) : EventId::from(record);
            timers[id] = {.record = record, .of = id, .why = record["args"]["why"].text()};
            break;
        }
        case Kind::fired: timers.erase(of(record)); break;
        case Kind::read: timers.erase(EventId::from(record)); break;
        case Kind::question:
            questions[EventId::from(record)] = {.record = record, .approvals = {}};
            break;
        case Kind::answer: take_answer(record); break;
        case Kind::failure:
            last_failure = record;
            if (!record.has("decision")) failures[EventId::from(record)] = record;
            break;
        case Kind::stop: take_stop(record); break;
        case Kind::settled:
            if (record.has("of")) settling.erase(of(record));
            break;
        case Kind::child: children[EventId::from(record)] = record; break;
        case Kind::undo: take_undo(record); break;
        case Kind::undone: take_undone(record); break;
        case Kind::log: logged.insert(record["key"].text()); break;
        case Kind::ended: ended = record; break;
        case Kind::end: end = record; break;
        case Kind::keep: keeps.push_back(record); break;
        case Kind::signal:
            signals.push_back(record);
            signal_ids.insert(record["inbox"].text());
            break;
        case Kind::plan: take_plan(record); break;
        case Kind::review: review = record; break;
        case Kind::beyond: beyond[of(record)] = record; break;
        case Kind::code: take_code(record); break;
        case Kind::claim: take_claim(record); break;
        case Kind::progress: take_progress(record); break;
        case Kind::other: break;
    }
}

std::string RunState::path(const std::string& scope_id) const { return scope(scope_id).path; }

void RunState::open_scope(const Value& record) {
    const EventId id = EventId::from(record);
    Scope made;
    made.id = id.key();
    if (scopes.contains(made.id)) return;  // What is open already would lie in itself.
    made.parent = scopes.contains(record["scope"].text()) ? record["scope"].text() : "";
    made.strand = id.strand;
    made.options = record["args"];
    made.what = made.options["what"].text();
    made.name = record["name"].text();
    made.attempt = std::max<int>(1, static_cast<int>(made.options["attempt"].integer()));
    made.opened_at = record["time"].number();
    made.opened_seq = record["seq"].integer();
    // Branches of two joins under one step are told from each other as steps of one name are.
    Scope* around = &scopes[made.parent];
    while (is_join(around->what)) around = &scopes[around->parent];
    Scope& parent = *around;
    std::string shown = made.name;
    if (is_join(made.what)) {
        shown.clear();
    } else if (made.attempt == 1) {
        if (const int count = ++parent.child_names[made.name]; count > 1)
            shown += "[" + std::to_string(count) + "]";
    } else if (const int count = parent.child_names[made.name]; count > 1) {
        shown += "[" + std::to_string(count) + "]";
    }
    made.path = parent.path;
    if (!shown.empty()) made.path += (made.path.empty() ? "" : " › ") + shown;
    scopes[made.id] = std::move(made);
}

void RunState::close_scope(const Value& record) {
    const auto found = scopes.find(record["scope"].text());
    if (found == scopes.end()) return;
    found->second.open = false;
    // Of what has ended, only undo asks.
    const Value undo = found->second.options["undo"];
    found->second.options = Value();
    if (!undo.is_nil()) found->second.options.set("undo", undo);
    found->second.outcome = record["args"]["outcome"].text();
    found->second.closed_at = record["time"].number();
    timers.erase(EventId::from_key(found->first));
    if (found->second.what == "ended") ended_over = true;
}

void RunState::take_intent(const Value& record) {
    intents[EventId::from(record)] = {.record = record,
                                      .not_done = false,
                                      .retry_at = 0,
                                      .tries = 1,
                                      .maybe_sent = false,
                                      .in_doubt = false,
                                      .last_sent_at = record["time"].number(),
                                      .parts = {}};
}

// Rule 4.5: until then the host that had the run may have sent what it had not seen answered.
void RunState::take_claim(const Value& record) {
    if (!record.has("from")) return;
    for (auto& [id, intent] : intents)
        if (!intent.not_done) intent.last_sent_at = record["time"].number();
}

void RunState::take_progress(const Value& record) {
    const auto found = intents.find(of(record));
    if (found == intents.end()) return;
    OpenIntent& intent = found->second;
    const std::string& kind = record["kind"].text();
    if (kind == "not_done") {
        intent.not_done = true;
        intent.retry_at = record["retry_at"].number();
        // Looking speaks for every try before it, an answer for its own only.
        if (record["evidence"].text() == "look") intent.maybe_sent = false;
    } else if (kind == "try") {
        if (!intent.not_done) intent.maybe_sent = true;
        intent.not_done = false;
        intent.in_doubt = false;
        ++intent.tries;
        intent.last_sent_at = record["time"].number();
    } else if (kind == "doubt") {
        intent.in_doubt = true;
    } else {
        intent.parts[record["name"].text()] = record["value"];
    }
}

void RunState::take_result(const Value& record) {
    const EventId id = of(record);
    Change change;
    Value asked;
    if (const auto intent = intents.find(id); intent != intents.end()) {
        asked = std::move(intent->second.record);
        intents.erase(intent);
    } else if (const auto child = children.find(id); child != children.end()) {
        asked = std::move(child->second);
        change.child = asked["run"].text();
        children.erase(child);
    } else {
        return;
    }
    change.outcome = record["outcome"].text();
    const bool touched =
        change.outcome == "done" || change.outcome == "unknown" || record["left"].text() == "some";
    // What was already so needs no undo, and an undo of the host's own has none.
    if (!touched || !record["changed"].boolean() || asked["host"].boolean()) return;
    change.id = id;
    change.seq = record["seq"].integer();
    change.scope = asked["scope"].text();
    change.target = asked["target"].text();
    change.operation = asked["name"].text();
    change.recovery = change.child.empty() ? asked["recovery"].text() : "ask";
    change.keep({.arguments = asked["args"],
                 .before = asked["before"],
                 .after = record["after"],
                 .value = record["value"]});
    change_places[id] = changes.size();
    changes.push_back(std::move(change));
}

void RunState::take_answer(const Value& record) {
    const EventId id = of(record);
    if (record["partial"].boolean()) {
        questions[id].approvals.push_back(record);
        return;
    }
    questions.erase(id);
    failures.erase(id);
    timers.erase(id);
    if (!record.has("signal")) return;
    std::erase_if(signals, [&](const Value& kept) { return kept["inbox"] == record["signal"]; });
}

}  // namespace perilune
