#include "interpreter/run/planner.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/run/calls.h"

namespace perilune {

namespace {

bool holds_unknown(const Value& value) {
    if (value.is_unknown()) return true;
    for (const auto& held : value.list())
        if (holds_unknown(held)) return true;
    for (const auto& [name, held] : value.map())
        if (holds_unknown(held)) return true;
    return false;
}

bool names(std::string_view listed, std::string_view wanted) {
    while (!listed.empty()) {
        const auto space = listed.find(' ');
        if (listed.substr(0, space) == wanted) return true;
        listed = space == std::string_view::npos ? std::string_view() : listed.substr(space + 1);
    }
    return false;
}

// "storage/box|\"a.txt\"", or "storage/box" where an operation touches the whole target.
std::string resource_of(const Event& event, const Operation& row, const Map& arguments) {
    std::string key = event.target;
    std::string_view names_left = row.resource;
    while (!names_left.empty()) {
        const auto space = names_left.find(' ');
        const Value all{arguments};
        key += "|" + to_canonical_json(all[names_left.substr(0, space)]);
        names_left =
            space == std::string_view::npos ? std::string_view() : names_left.substr(space + 1);
    }
    return key;
}

const Family* family_of(const Host& host, const std::string& target) {
    const std::string name = target.substr(0, target.find('/'));
    for (const auto* family : host.setup().families)
        if (family->name == name) return family;
    return nullptr;
}

}  // namespace

Planner::Planner(Host& host, std::shared_ptr<LiveRun> run, Value params,
                 std::function<void(Plan)> done)
    : host_(host), run_(std::move(run)), params_(std::move(params)), done_(std::move(done)) {}

void Planner::start() {
    now_ = wall_now_s();
    run_->listen([this](const List& message) { on_message(message); });
    Value about;
    about.set("id", "plan").set("runbook", run_->prepared().runbook);
    about.set("environment", run_->prepared().environment.name).set("started_by", current_person());
    about.set("started_at", now_);
    params_.as_map();
    told_ = run_->tell_worker(List{"begin", params_, now_, about});
}

void Planner::on_message(const List& message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "event") {
        if (const auto event = read_event(message)) on_event(*event);
    } else if (kind == "quiet") {
        quiet_ = message[1].integer();
        finish_when_quiet();
    }
}

std::string Planner::place(const Event& event) const { return state_.path(event.scope); }

void Planner::deliver(const Event& event, std::string_view how, Value value) {
    told_ = run_->tell_worker(
        List{"deliver", 0, event.id.strand, event.id.n, now_, how, std::move(value)});
}

void Planner::on_event(const Event& event) {
    if (event.kind == "operation") return operation(event);
    if (event.kind == "open" || event.kind == "close") {
        Value record = event_record(event.kind, event);
        state_.apply(record.set("seq", ++seq_).set("time", now_));
    } else if (event.kind == "timer") {
        if (event.data["why"].text() != "poll") now_ += event.data["seconds"].number();
        deliver(event, "ok", {});
    } else if (event.kind == "settle") {
        deliver(event, "ok", {});
    } else if (event.kind == "question") {
        question(event);
    } else if (event.kind == "child") {
        PlanEntry entry;
        entry.strand = event.id.strand;
        entry.path = place(event);
        entry.operation = "run_runbook";
        entry.target = event.name;
        entry.arguments = event.data;
        plan_.entries.push_back(std::move(entry));
        deliver(event, "ok", Value(Unknown{"result of the runbook " + event.name}));
    } else if (event.kind == "failure") {
        if (event.data["guarded"].boolean())
            return deliver(event, "ok", Value().set("raise", true));
        Value problem;
        problem.set("path", place(event)).set("message", event.data["error"]["message"]);
        problem.set("at", event.data["error"]["at"]);
        plan_.problems.push_back(std::move(problem));
    } else if (event.kind == "horizon") {
        Value item;
        item.set("path", place(event)).set("at", event.at);
        plan_.not_planned.push_back(
            item.set("why", "not known before the run: " + event.data["source"].text()));
    } else if (event.kind == "assume") {
        Value item;
        plan_.assumed.push_back(item.set("path", place(event)).set("what", event.data["what"]));
    }
}

void Planner::question(const Event& event) {
    const std::string& what = event.data["what"].text();
    Value item;
    item.set("path", place(event)).set("kind", what).set("name", event.name);
    plan_.approvals.push_back(item.set("role", event.data["role"]));
    Value answer;
    answer.set("decision", what == "approve" ? "approve" : "yes");
    if (what == "ask" || what == "manual")
        answer.set("value", Value(Unknown{"the answer to \"" + event.name + "\""}));
    if (what == "confirm") answer.set("value", true);
    if (what == "signal")
        answer.set("name", event.data["names"].list().front())
            .set("data", Value(Unknown{"the data of the signal " + event.name}));
    deliver(event, "ok", answer);
}

// Rule 10.1: after a predicted change, the observes it may have touched are unknown.
bool Planner::touched(const Event& event) const {
    return changed_.contains(event.target + " *") ||
           changed_.contains(event.target + " " + event.name);
}

void Planner::operation(const Event& event) {
    const Family* family = family_of(host_, event.target);
    const Operation* row = family ? family->operation(event.name) : nullptr;
    const auto refuse = [&](const std::string& message) {
        deliver(event, "error", fail("refused", message).to_value());
    };
    if (!row) return refuse("There is no operation " + event.target + ":" + event.name + ".");
    const Value& declared = run_->prepared().facts["targets"];
    if (!declared.has(event.target))
        return refuse(event.target + " is not among the runbook's targets.");
    const List& allowed = declared[event.target].list();
    if (row->effect == Effect::change &&
        std::find(allowed.begin(), allowed.end(), Value(event.name)) == allowed.end())
        return refuse("The runbook's targets do not allow " + event.name + " on " + event.target +
                      ".");
    if (std::string missing = run_->lacks(event.target, event.name); !missing.empty())
        return refuse(missing);
    auto checked = check_arguments(*family, *row, event.data.map());
    if (!checked) return deliver(event, "error", checked.error().to_value());
    if (row->effect == Effect::observe) return observe(event, *row, std::move(*checked));
    change(event, *row, std::move(*checked));
}

void Planner::call(const Event& event, Phase phase, const Map& arguments,
                   std::function<void(CallAnswer)> then) {
    CallRequest request;
    request.id = event.id;
    request.phase = phase;
    auto made = std::make_shared<Call>();
    made->operation = event.name;
    made->target = event.target;
    made->arguments = Value(arguments);
    made->deadline_s = boot_now_s() + 10;
    made->open_secret = [this](const Value& value) { return host_.open_secret(value); };
    ++calls_;
    perform_call(host_.loop(), host_.driver_of(event.target), made, request, host_.masker(),
                 [this, then](CallAnswer answer) {
                     --calls_;
                     then(std::move(answer));
                     finish_when_quiet();
                 });
}

void Planner::observe(const Event& event, const Operation& row, Map arguments) {
    const std::string source = event.name + " of " + event.target;
    const bool wait = row.name.starts_with("wait_");
    if (wait || touched(event) || holds_unknown(Value(arguments)))
        return deliver(event, "ok", Value(Unknown{source}));
    call(event, Phase::observe, arguments, [this, event, source](CallAnswer answer) {
        if (answer.observed->ok()) return deliver(event, "ok", **answer.observed);
        const Error& error = answer.observed->error();
        // A target that does not answer while planning is unknown, never a failed plan.
        if (error.retry == Retry::never) return deliver(event, "error", error.to_value());
        deliver(event, "ok",
                Value(Unknown{source + " (it did not answer: " + error.message + ")"}));
    });
}

void Planner::change(const Event& event, const Operation& row, Map arguments) {
    const std::string resource = resource_of(event, row, arguments);
    bool before_known = !holds_unknown(Value(arguments));
    for (const auto& changed : resources_)
        if (changed == resource || resource.starts_with(changed + "|") ||
            changed.starts_with(resource + "|"))
            before_known = false;
    if (!before_known) {
        add_change(event, row, arguments, nullptr);
        return deliver(event, "ok",
                       Value(Unknown{"result of " + event.name + " of " + event.target}));
    }
    call(event, Phase::before, arguments, [this, event, &row, arguments](CallAnswer answer) {
        const bool read = answer.before->ok();
        add_change(event, row, arguments, read ? &**answer.before : nullptr);
        if (read && (*answer.before)->already_so)
            return deliver(event, "ok", (*answer.before)->result);
        deliver(event, "ok", Value(Unknown{"result of " + event.name + " of " + event.target}));
    });
}

void Planner::add_change(const Event& event, const Operation& row, const Map& arguments,
                         const Before* found) {
    PlanEntry entry;
    entry.strand = event.id.strand;
    entry.path = place(event);
    entry.target = event.target;
    entry.operation = event.name;
    entry.arguments = Value(arguments);
    if (found) {
        entry.sign = found->already_so ? '=' : found->sign;
        entry.detail = found->plan;
    }
    if (entry.sign != '=') {
        if (row.undo == "no") entry.sign = '!';
        resources_.insert(resource_of(event, row, arguments));
        if (row.affects.empty()) changed_.insert(event.target + " *");
        const Family* family = family_of(host_, event.target);
        for (const auto& observe : family->operations)
            if (names(row.affects, observe.name))
                changed_.insert(event.target + " " + std::string(observe.name));
    }
    plan_.entries.push_back(std::move(entry));
}

void Planner::finish_when_quiet() {
    if (finished_ || calls_ > 0 || quiet_ < told_) return;
    finished_ = true;
    run_->listen(nullptr);
    run_->stop_worker();
    host_.loop().post([this] { done_(std::move(plan_)); });
}

}  // namespace perilune
