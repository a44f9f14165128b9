#include "interpreter/base/recorded_answers.h"

#include <algorithm>
#include <array>

#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

std::string call_key(const Value& arguments) {
    return to_canonical_json(with_secrets_named(arguments));
}

// { ["$secret"] = pieces } is a handle: what a target gave was one.
Value with_handles(const Value& value) {
    if (value.is_list()) {
        List list;
        for (const auto& held : value.list()) list.push_back(with_handles(held));
        return list;
    }
    if (!value.is_map()) return value;
    if (value.map().size() == 1 && value.has("$secret")) {
        auto made = std::make_shared<SecretTemplate>();
        for (const auto& piece : value["$secret"].list()) {
            const List& parts = piece.list();
            if (parts.size() != 5) continue;
            made->pieces.push_back({parts[0].text(), parts[1].text(), parts[2].text(),
                                    parts[3].text(), parts[4].text()});
        }
        return Value(Secret(std::move(made)));
    }
    Map map;
    for (const auto& [name, held] : value.map()) map[name] = with_handles(held);
    return map;
}

// An observe that failed on its way is asked again until its deadline, so it fails there.
bool is_asked_again(const Error& error) {
    static constexpr std::array<std::string_view, 4> answers = {"check_failed", "timed_out",
                                                                "unexpected_status", "exit_status"};
    return error.retry == Retry::safe &&
           std::find(answers.begin(), answers.end(), error.code) == answers.end();
}

Error lost(const Call& call) {
    return fail("connection_lost",
                call.target + " did not answer " + call.operation + " in the run.", Retry::unknown);
}

Outcome final_outcome(const Value& entry, const Call& call) {
    const std::string& outcome = entry["outcome"].text();
    if (outcome == "unknown")
        return Outcome::unknown(entry.has("error") ? Error::from_value(entry["error"])
                                                   : lost(call));
    if (outcome == "failed") {
        Outcome failed = Outcome::failed(Error::from_value(entry["error"]));
        failed.left_some = entry["left"].boolean();
        failed.after = entry["after"];
        return failed;
    }
    return Outcome::done(entry["value"], entry["after"]);
}

}  // namespace

Value with_secrets_named(const Value& value) {
    if (value.is_secret()) return show_secret(*value.secret());
    if (value.is_list()) {
        List list;
        for (const auto& held : value.list()) list.push_back(with_secrets_named(held));
        return list;
    }
    if (!value.is_map()) return value;
    Map map;
    for (const auto& [name, held] : value.map()) map[name] = with_secrets_named(held);
    return map;
}

struct RecordedAnswers::Wrapped {
    RecordedAnswers& answers;
    Loop& loop;
    std::string name;
    Handler base;
};

RecordedAnswers::RecordedAnswers(const Value& given, double starts_at) : starts_at_(starts_at) {
    for (const auto& [name, entries] : given.map())
        for (const auto& entry : entries.list()) {
            auto told = std::make_shared<Told>();
            told->entry = with_handles(entry);
            told->times = std::max<std::int64_t>(1, entry["times"].integer());
            told_[name + call_key(entry["arguments"])].push_back(std::move(told));
        }
}

RecordedAnswers::ToldPtr RecordedAnswers::next(const std::string& name,
                                               const Value& arguments) const {
    const auto found = told_.find(name + call_key(arguments));
    if (found == told_.end()) return nullptr;
    for (const auto& told : found->second)
        if (!told->used) return told;
    return nullptr;
}

RecordedAnswers::ToldPtr RecordedAnswers::last(const std::string& name,
                                               const Value& arguments) const {
    const auto found = told_.find(name + call_key(arguments));
    return found == told_.end() ? nullptr : found->second.back();
}

// Every try of one intent is of the same answer.
RecordedAnswers::ToldPtr RecordedAnswers::acted(const std::string& name, const Call& call) {
    if (const auto found = by_key_.find(call.key); found != by_key_.end()) return found->second;
    ToldPtr told = next(name, call.arguments);
    if (!told) return told;
    told->used = true;
    by_key_[call.key] = told;
    return told;
}

double RecordedAnswers::boot_at(const Value& entry) const {
    return boot_now_s() + std::max(0.0, starts_at_ + entry["at"].number() - wall_now_s());
}

Awaitable<Result<Value>> RecordedAnswers::observe(std::shared_ptr<Wrapped> wrapped, Call& call) {
    RecordedAnswers& answers = wrapped->answers;
    ToldPtr told = answers.next(wrapped->name, call.arguments);
    // Who asks more often than the run did, as polls may, is told what was said last.
    if (!told) told = answers.last(wrapped->name, call.arguments);
    if (!told) {
        auto asked = wrapped->base.observe(call);
        co_return co_await asked;
    }
    told->used = --told->times <= 0;
    double until_s = answers.boot_at(told->entry);
    const bool failed = told->entry.has("error");
    const Error error = failed ? Error::from_value(told->entry["error"]) : Error();
    if (failed && is_asked_again(error)) until_s = std::max(until_s, call.deadline_s);
    co_await wait_until(wrapped->loop, until_s);
    if (failed) co_return error;
    co_return told->entry["value"];
}

Awaitable<Result<Before>> RecordedAnswers::before(std::shared_ptr<Wrapped> wrapped, Call& call) {
    RecordedAnswers& answers = wrapped->answers;
    Before found;
    const std::string looked_at = wrapped->name + call_key(call.arguments);
    if (const auto undoing = answers.undoing_.find(looked_at); undoing != answers.undoing_.end()) {
        const Value entry = undoing->second->entry;
        answers.undoing_.erase(undoing);
        const std::string& how = entry["undone"]["how"].text();
        found.state = how == "already" ? entry["before"] : entry["after"];
        if (how == "conflict" || (how != "already" && found.state.is_nil()))
            found.state = "as the run did not leave it";
        co_return found;
    }
    const ToldPtr told = answers.next(wrapped->name, call.arguments);
    if (!told) {
        auto asked = wrapped->base.before(call);
        co_return co_await asked;
    }
    const Value entry = told->entry;
    if (entry["unread"].boolean()) {
        told->used = true;
        const Error error = Error::from_value(entry["error"]);
        double until_s = answers.boot_at(entry);
        if (is_asked_again(error)) until_s = std::max(until_s, call.deadline_s);
        co_await wait_until(wrapped->loop, until_s);
        co_return error;
    }
    found.state = entry["before"];
    found.already_so = entry["so"].boolean();
    if (found.already_so) told->used = true;
    found.result = entry["value"];
    if (!entry["sign"].text().empty()) found.sign = entry["sign"].text()[0];
    co_return found;
}

Awaitable<Outcome> RecordedAnswers::act(std::shared_ptr<Wrapped> wrapped, Call& call,
                                        Value before) {
    const ToldPtr told = wrapped->answers.acted(wrapped->name, call);
    if (!told) {
        auto asked = wrapped->base.act(call, before);
        co_return co_await asked;
    }
    const Value entry = told->entry;
    const List& tries = entry["tries"].list();
    if (told->tries < tries.size()) {
        const std::string& how = tries[told->tries++].text();
        if (how == "lost") co_return Outcome::unknown(lost(call));
        co_return Outcome::not_sent(
            fail("not_executed", call.target + " did not execute it in the run.", Retry::safe));
    }
    if (entry["found"].boolean() || entry["doubt"].boolean())
        co_return Outcome::unknown(lost(call));
    co_await wait_until(wrapped->loop, wrapped->answers.boot_at(entry));
    co_return final_outcome(entry, call);
}

Awaitable<Sighting> RecordedAnswers::look(std::shared_ptr<Wrapped> wrapped, Call& call,
                                          Value before) {
    const auto known = wrapped->answers.by_key_.find(call.key);
    Sighting seen;
    if (known == wrapped->answers.by_key_.end()) {
        if (!wrapped->base.look) co_return seen;
        auto asked = wrapped->base.look(call, before);
        co_return co_await asked;
    }
    const Value entry = known->second->entry;
    const bool tried = known->second->tries >= entry["tries"].list().size();
    seen.kind = Sighting::Kind::did_not;
    if (tried && entry["doubt"].boolean()) seen.kind = Sighting::Kind::cannot_tell;
    seen.evidence = "it was looked for in the run";
    if (!tried || !entry["found"].boolean()) co_return seen;
    co_await wait_until(wrapped->loop, wrapped->answers.boot_at(entry));
    seen.kind = Sighting::Kind::happened;
    seen.value = entry["value"];
    seen.after = entry["after"];
    co_return seen;
}

std::optional<Restore> RecordedAnswers::restore(const std::string& name, const Call& call,
                                                const Value& before, const Value& result,
                                                bool& known) {
    const std::string asked = name + call_key(call.arguments);
    const auto found = told_.find(asked);
    if (found == told_.end()) return std::nullopt;
    for (const auto& told : found->second) {
        const Value& entry = told->entry;
        if (!told->used || !(entry["before"] == before) || !(entry["value"] == result)) continue;
        known = true;
        const Value& undone = entry["undone"];
        if (undone.is_nil()) continue;
        undoing_[asked] = told;
        if (!undone.has("operation")) return Restore{call.operation, call.arguments};
        return Restore{undone["operation"].text(), undone["arguments"]};
    }
    return std::nullopt;
}

Handler RecordedAnswers::wrap(Loop& loop, const std::string& name, Handler base) {
    auto wrapped = std::make_shared<Wrapped>(Wrapped{*this, loop, name, std::move(base)});
    Handler made;
    if (wrapped->base.observe) {
        made.observe = [wrapped](Call& call) { return observe(wrapped, call); };
        return made;
    }
    made.before = [wrapped](Call& call) { return before(wrapped, call); };
    made.act = [wrapped](Call& call, const Value& found) { return act(wrapped, call, found); };
    made.look = [wrapped](Call& call, const Value& found) { return look(wrapped, call, found); };
    made.restore = [wrapped](const Call& call, const Value& found, const Value& result) {
        bool known = false;
        auto restored = wrapped->answers.restore(wrapped->name, call, found, result, known);
        if (known || !wrapped->base.restore) return restored;
        return wrapped->base.restore(call, found, result);
    };
    return made;
}

}  // namespace perilune
