#include "interpreter/run/planner.h"

#include <algorithm>
#include <utility>

#include "interpreter/base/json.h"
#include "interpreter/run/supposed.h"

namespace perilune {

namespace {

// What takes time to answer: a driver or a child run is asked.
bool is_call(const Event& event) { return event.kind == "operation" || event.kind == "child"; }

bool may_change(const Event& event, const Operation* row) {
    return event.kind == "child" || !row || row->effect == Effect::change;
}

}  // namespace

Planner::Planner(Host& host, std::shared_ptr<LiveRun> run, PlanSubject subject,
                 std::function<void(Plan)> done, std::shared_ptr<Predictions> predicted)
    : host_(host),
      run_(std::move(run)),
      subject_(std::move(subject)),
      done_(std::move(done)),
      predicted_(predicted ? std::move(predicted) : std::make_shared<Predictions>()) {}

Planner::~Planner() = default;

void Planner::start() {
    run_->listen([this](const List& message) { on_message(message); },
                 [this](const std::string& why) { on_worker_death(why); });
    predicted_->now = std::max(predicted_->now, subject_.begin["time"].number());
    if (!subject_.records.empty()) return take_records();
    told_ = run_->tell_worker(begin_message(subject_.begin));
}

void Planner::on_message(const List& message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "event") {
        if (auto event = read_event(message)) on_event(std::move(*event));
    } else if (kind == "quiet") {
        quiet_ = element_of(message, 1).integer();
        if (replaying_ && quiet_ >= told_) end_replay();
        finish_when_quiet();
    }
}

// What the script would have done from here on is not known.
void Planner::on_worker_death(const std::string& why) {
    dead_ = true;
    replaying_ = false;
    Value problem;
    problem.set("message", "The plan breaks off: the script's worker ended: " + why);
    plan_.problems.push_back({.place = {}, .path = {}, .value = std::move(problem)});
    finish_when_quiet();
}

void Planner::on_event(Event event) {
    if (recorded_.contains(event.id)) return;
    if (replaying_) return stash_.push_back(std::move(event));
    take(std::move(event));
}

// Scopes open at once, so that what is asked in them has its path.
void Planner::take(Event event) {
    if (event.kind == "open" || event.kind == "close") {
        Value record = event_record(event.kind, event);
        note_scope(record.set("seq", ++seq_).set("time", predicted_->now));
        return;
    }
    auto asked = std::make_shared<Asked>();
    if (event.kind == "operation")
        if (const Family* family = host_.family_of(event.target))
            asked->row = family->operation(event.name);
    asked->event = std::move(event);
    queue_.push_back(std::move(asked));
    answer_in_order();
}

void Planner::note_scope(const Value& record) {
    state_.apply(record);
    if (record["kind"].text() != "open" || record["args"]["what"].text() != "branch") return;
    const EventId join = EventId::from_key(record["scope"].text());
    PlanPlace place = places_[join.strand];
    place.push_back(join.n);
    place.push_back(++branches_[record["scope"].text()]);
    places_[record["strand"].text()] = std::move(place);
}

PlanPlace Planner::place_of(const Event& event) const {
    const auto found = places_.find(event.id.strand);
    PlanPlace place = found == places_.end() ? PlanPlace() : found->second;
    place.push_back(event.id.n);
    return place;
}

void Planner::note(std::vector<PlanNote>& notes, const Event& event, Value value) {
    notes.push_back(
        {.place = place_of(event), .path = state_.path(event.scope), .value = std::move(value)});
}

// Starts every call that no change before it in the queue can influence.
void Planner::begin_calls() {
    // A copy: what is answered at once changes the queue.
    const auto asked_now = queue_;
    for (const auto& asked : asked_now) {
        if (!is_call(asked->event)) continue;
        if (!std::exchange(asked->begun, true)) {
            if (asked->event.kind == "child") {
                begin_child(asked);
            } else {
                begin_operation(asked);
            }
        }
        if (!asked->over && may_change(asked->event, asked->row)) return;
    }
}

void Planner::answer_in_order() {
    if (dead_) return;
    begin_calls();
    while (!queue_.empty()) {
        const AskedPtr front = queue_.front();
        if (!is_call(front->event)) {
            queue_.pop_front();
            handle(front->event);
        } else if (front->over) {
            queue_.pop_front();
            deliver(front->event, front->how, std::move(front->value));
        } else {
            return;
        }
    }
}

void Planner::settled(const AskedPtr& asked, std::string how, Value value) {
    asked->how = std::move(how);
    asked->value = std::move(value);
    asked->over = true;
    if (dead_) finish_when_quiet();
}

void Planner::deliver(const Event& event, std::string_view how, Value value) {
    told_ = run_->tell_worker(
        List{"deliver", 0, event.id.strand, event.id.n, predicted_->now, how, std::move(value)});
}

void Planner::handle(const Event& event) {
    if (event.kind == "timer") {
        const std::string& why = event.data["why"].text();
        // What is told while something else works is told once in a plan.
        if (why == "meanwhile") return;
        if (why != "poll") predicted_->now += event.data["seconds"].number();
        deliver(event, "ok", {});
    } else if (event.kind == "settle") {
        deliver(event, "ok", {});
    } else if (event.kind == "question") {
        question(event);
    } else if (event.kind == "failure") {
        if (event.data["guarded"].boolean())
            return deliver(event, "ok", Value().set("raise", true));
        Value problem;
        problem.set("message", event.data["error"]["message"]);
        note(plan_.problems, event, problem.set("at", event.data["error"]["at"]));
    } else if (event.kind == "horizon") {
        Value why;
        why.set("why", "not known before the run: " + event.data["source"].text());
        note(plan_.not_planned, event, why.set("at", event.at));
    } else if (event.kind == "assume") {
        note(plan_.assumed, event, Value().set("what", event.data["what"]));
    }
}

void Planner::question(const Event& event) {
    const std::string& what = event.data["what"].text();
    Value asked;
    asked.set("kind", what).set("name", event.name);
    note(plan_.approvals, event, asked.set("role", event.data["role"]));
    deliver(event, "ok", supposed_answer(event));
}

bool Planner::at_rest() const {
    if (!dead_) return !replaying_ && queue_.empty() && quiet_ >= told_;
    return std::none_of(queue_.begin(), queue_.end(),
                        [](const AskedPtr& asked) { return asked->begun && !asked->over; });
}

void Planner::finish_when_quiet() {
    if (finished_ || !at_rest()) return;
    finished_ = true;
    // Not from inside the worker's own message. Whoever is told may destroy this planner.
    host_.loop().post([this] {
        run_->listen(nullptr, nullptr);
        run_->stop_worker();
        plan_.sort();
        const auto done = std::exchange(done_, nullptr);
        done(std::move(plan_));
    });
}

}  // namespace perilune
