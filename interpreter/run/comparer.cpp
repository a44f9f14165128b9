#include "interpreter/run/comparer.h"

#include <algorithm>
#include <utility>

#include "interpreter/base/json.h"
#include "interpreter/run/supposed.h"

namespace perilune {

namespace {

constexpr std::int64_t always = std::int64_t{1} << 50;

}  // namespace

Comparer::Comparer(Host& host, std::shared_ptr<LiveRun> run, Value begin, const Records& records,
                   Code code, std::function<void(Comparison)> done)
    : host_(host),
      run_(std::move(run)),
      begin_(std::move(begin)),
      recorded_(records),
      done_(std::move(done)) {
    found_.current = code == Code::replaced;
    // Numbers of events are those of the journal only where the code is the run's own.
    if (code == Code::recorded) stand_ins_.find(records, recorded_.state(), false);
    recorded_.leave_out(stand_ins_);
}

void Comparer::start() {
    run_->listen([this](const List& message) { on_message(message); },
                 [this](const std::string& why) { on_worker_death(why); });
    now_ = begin_["time"].number();
    found_.run = begin_["run"].text();
    found_.runbook = begin_["runbook"].text();
    strands_.named["/"] = "/";
    // Time is the journal's on every strand, however far it comes.
    run_->tell_worker(List{"recorded", Value().set("*", always)});
    told_ = run_->tell_worker(stand_ins_.begin_message(begin_));
}

void Comparer::on_message(const List& message) {
    if (finished_) return;
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "event") {
        if (auto event = read_event(message)) on_event(std::move(*event));
    } else if (kind == "end") {
        ended_ = true;
        if (message.size() > 1) value_ = message[1];
    } else if (kind == "quiet") {
        quiet_ = element_of(message, 1).integer();
        if (quiet_ >= told_) go_on();
    }
}

void Comparer::on_worker_death(const std::string& why) {
    if (finished_) return;
    found_.problems.push_back({.path = {}, .text = "The script's worker ended: " + why, .at = {}});
    strands_.stopped["/"] = true;
    finish();
}

void Comparer::on_event(Event event) {
    if (event.kind == "open" || event.kind == "close") return on_scope(event);
    if (event.kind == "keep") return;
    if (event.kind == "horizon") return stop_strand(event, event.data["source"].text());
    if (event.kind == "assume") {
        found_.assumed.push_back({state_.path(event.scope), event.data["what"].text(), event.at});
        return;
    }
    if (event.kind == "operation") {
        const Family* family = host_.family_of(event.target);
        const Operation* row = family ? family->operation(event.name) : nullptr;
        if (row)
            if (auto checked = check_arguments(*family, *row, event.data.map()))
                event.data = Value(*checked);
    }
    on_ask(event);
}

void Comparer::on_scope(const Event& event) {
    Value record = event_record(event.kind, event);
    state_.apply(record.set("seq", ++seq_).set("time", now_));
    if (event.kind == "close") {
        std::erase_if(due_, [&](const auto& due) { return due.second.scope == event.scope; });
        return;
    }
    const std::string scope = event.id.key();
    const std::string recorded = recorded_.take_scope(event, state_.path(scope));
    if (recorded.empty()) return;
    scopes_[scope] = recorded;
    told_as_[recorded] = scope;
    const Scope& was = recorded_.state().scope(recorded);
    strands_.named[was.strand] = event.id.strand;
    strands_.newest[event.id.strand] = std::max(strands_.newest[event.id.strand], was.opened_seq);
    if (const std::int64_t seq = recorded_.interruption(recorded))
        due_[seq] = {.id = event.id, .scope = scope};
}

void Comparer::on_ask(const Event& event) {
    std::string refusal;
    if (event.kind == "operation") {
        const Family* family = host_.family_of(event.target);
        refusal =
            why_refused(*run_, event, family, family ? family->operation(event.name) : nullptr);
    }
    // What the run was refused is no answer to what it may do now, nor the other way round.
    const auto fits = [&](const RecordedAsk& ask) {
        if (event.kind != "operation") return true;
        const Value record = recorded_.record(ask.seq);
        const bool refused = record["error"]["code"].text() == "refused";
        return refused == !refusal.empty();
    };
    RecordedAsk* ask = recorded_.take(event, state_.path(event.scope), fits);
    if (event.kind == "settle") {
        const std::string& scope = event.data["scope"].text();
        std::erase_if(open_,
                      [&](const auto& item) { return state_.within(item.second.scope, scope); });
    }
    if (ask) return met(event, *ask);
    open_[event.id] = event;
    if (!breaks_off(event)) unmet(event, refusal);
}

// Rule 7.3 the other way round: where the journal breaks off, what follows was not asked yet, or
// was in flight when its scope was stopped.
bool Comparer::breaks_off(const Event& event) const {
    for (std::string at = event.scope;; at = state_.scope(at).parent) {
        const auto found = scopes_.find(at);
        const bool known = at.empty() || found != scopes_.end();
        if (known && recorded_.breaks_off(at.empty() ? at : found->second)) return true;
        if (at.empty()) return false;
    }
}

// What encloses the strand waits for it, so nothing after it is known there either.
void Comparer::stop_strand(const Event& event, std::string why) {
    found_.not_known.push_back({state_.path(event.scope), std::move(why), event.at});
    strands_.stopped[event.id.strand] = true;
    for (std::string at = event.scope; !at.empty(); at = state_.scope(at).parent)
        strands_.stopped[state_.scope(at).strand] = true;
}

// One record after the other, each when the script has done all that the one before led to.
void Comparer::go_on() {
    while (true) {
        const auto& unasked = recorded_.unasked();
        const bool more = unasked_ < unasked.size();
        if (!due_.empty() && (!more || due_.begin()->first < unasked[unasked_])) {
            const auto [seq, due] = *due_.begin();
            due_.erase(due_.begin());
            return deliver_recorded(seq, due.id);
        }
        if (!more) return finish();
        if (deliver_unasked(unasked[unasked_++])) return;
    }
}

// What befalls the run as a whole: false where it would not befall this telling of it.
bool Comparer::deliver_unasked(std::int64_t seq) {
    const Value record = recorded_.record(seq);
    const std::string& kind = record["kind"].text();
    const std::int64_t end = recorded_.end()["seq"].integer();
    if (kind == "stop" && ended_ && (end == 0 || seq < end)) went_on_ = true;
    if (kind == "stop" && ended_) return false;
    if (went_on_ || (kind != "stop" && !strands_.stopped.empty())) return false;
    if (kind == "ended" && recorded_.end()["outcome"].text() == "done" && !ended_) return false;
    now_ = std::max(now_, record["time"].number());
    List message = delivery_of(record).list();
    if (kind == "undo") {
        const auto found = told_as_.find(record["of"].text());
        if (found == told_as_.end()) return false;
        const EventId id = EventId::from_key(found->second);
        message[1] = id.strand;
        message[2] = id.n;
    }
    told_ = run_->tell_worker(std::move(message));
    return true;
}

void Comparer::finish() {
    if (std::exchange(finished_, true)) return;
    const Value& end = recorded_.end();
    if (end.is_nil())
        for (const auto& [id, event] : open_)
            if (event.kind != "settle")
                found_.not_known.push_back(
                    {state_.path(event.scope),
                     "the run has not come further than " +
                         describe_event(event.kind, event.name, event.target, event.data),
                     event.at});
    if (ended_ && end["outcome"].text() == "done" && !holds_unknown(value_)) {
        found_.value_was = end["value"];
        found_.value = value_;
        found_.other_value = !(found_.value == found_.value_was);
    }
    settle_comparison(
        found_, recorded_, strands_,
        [this](const Event& event, const std::string& path) { return effect_of(event, path); });
    // Not from inside the worker's own message. Whoever is told may destroy this.
    host_.loop().post([this] {
        run_->listen(nullptr, nullptr);
        run_->stop_worker();
        const auto done = std::exchange(done_, nullptr);
        done(std::move(found_));
    });
}

}  // namespace perilune
