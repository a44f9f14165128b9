#include "interpreter/run/live_run.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/sync_point.h"
#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/rewrite.h"
#include "interpreter/lua/syntax/tail_calls.h"
#include "interpreter/lua/worker_process.h"
#include "interpreter/run/calls.h"
#include "interpreter/run/diagnostics.h"

namespace perilune {

namespace {

FindFamily family_finder(const std::vector<const Family*>& families) {
    return [&families](std::string_view name) -> const Family* {
        for (const auto* family : families)
            if (family->name == name) return family;
        return nullptr;
    };
}

// A file for the worker: parsed here first, since LuaJIT's own lexer is not safe against every text
// (a literal such as 1LL opens the FFI).
Value module_message(const std::string& path, const std::string& text, bool planning) {
    const auto tree = syntax::parse_lua(text, path);
    if (!tree) return List{"module", path, false, tree.error().message};
    std::string placed = syntax::rewrite_tail_calls(*tree);
    if (!planning) return List{"module", path, std::move(placed)};
    const auto again = syntax::parse_lua(placed, path);
    if (!again) return List{"module", path, false, again.error().message};
    auto rewritten = syntax::rewrite_for_plan(*again);
    if (!rewritten) return List{"module", path, false, rewritten.error().message};
    return List{"module", path, std::move(*rewritten)};
}

}  // namespace

LiveRun::LiveRun(Host& host, Prepared prepared)
    : host_(host),
      prepared_(std::move(prepared)),
      engine_(*this, family_finder(host.setup().families)) {}

LiveRun::~LiveRun() = default;

void LiveRun::load(std::function<void(Result<Value>)> done) {
    loaded_ = std::move(done);
    engine_owns_worker_ = false;
    told_ = 0;
    auto started = start_worker();
    if (!started) return fail_loading(started.error().message);
    worker_ = std::move(*started);
    for (const auto& [path, text] : prepared_.bundle.files)
        if (path.ends_with(".lua") && !path.starts_with("drivers/"))
            worker_->send(module_message(path, text, planning));
    Value settings;
    settings.set("planning", planning);
    settings.set("families", families_for_worker(host_.setup_.families));
    settings.set("seed", id_);
    tell_worker(List{"load", prepared_.path, settings});
}

Result<std::unique_ptr<Worker>> LiveRun::start_worker() {
    const HostSetup& setup = host_.setup_;
    WorkerLimits limits;
    limits.cpu_s = setup.worker_cpu_s;
    limits.memory_bytes = setup.worker_memory_bytes;
    const auto said = [this](List message) { on_message(std::move(message)); };
    const auto on_end = [this](const WorkerEnd& end) { on_worker_end(end); };
    if (setup.world.start_worker)
        return setup.world.start_worker(host_.loop(), limits, said, on_end);
    auto started =
        WorkerProcess::start(host_.loop(), setup.worker_program, "runbook", limits, said, on_end);
    if (!started) return started.error();
    return std::unique_ptr<Worker>(std::move(*started));
}

void LiveRun::ask_refusal(const Value& params, std::function<void(std::string)> done) {
    refused_ = std::move(done);
    Value given = params;
    given.as_map();
    Value run;  // It has no id and no starter yet.
    run.set("environment", prepared_.environment.name).set("runbook", prepared_.runbook);
    tell_worker(List{"refuse", given, wall_now_s(), run});
}

void LiveRun::become(const std::string& id) {
    id_ = id;
    engine_owns_worker_ = true;
}

void LiveRun::fail_loading(const std::string& why) {
    if (loaded_) std::exchange(loaded_, nullptr)(fail("load_failed", why));
    if (refused_) std::exchange(refused_, nullptr)(why);
}

void LiveRun::on_message(List message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "quiet" && message.size() > 1 && message[1].integer() >= told_) worker_->rest();
    if (kind == "loaded" && loaded_ && message.size() > 1)
        return std::exchange(loaded_, nullptr)(message[1]);
    if (kind == "load_failed" && loaded_ && message.size() > 1) {
        const Value& error = message[1];
        const std::string at = error.has("at") ? error["at"].text() + ": " : "";
        return fail_loading(at + error["message"].text());
    }
    if (kind == "refused" && refused_ && message.size() > 1)
        return std::exchange(refused_, nullptr)(message[1].text());
    if (kind == "stack" && stack_ && message.size() > 1)
        return std::exchange(stack_, nullptr)(message[1]);
    if (listener_) return listener_(message);
    if (!engine_owns_worker_) return;
    engine_.on_message(message);
    if (kind == "quiet") may_suspend();
}

// Where it waits for something that it was not told before.
void LiveRun::may_suspend() {
    const RunState& state = engine_.state();
    const bool over = ended || !state.end.is_nil() || rest != Rest::waits;
    if (over || engine_.replaying() || state.seq <= waited_at_) return;
    waited_at_ = state.seq;
    if (!suspends_worker(++waits_)) return;
    diagnose(LogLevel::info, "The worker of " + id_ + " is dropped where it waits.");
    engine_owns_worker_ = false;
    worker_.reset();
    engine_.replace_worker();
}

void LiveRun::on_worker_end(const WorkerEnd& end) {
    const auto keep = host_.shared(id_);
    if (!ended && end.reason != WorkerEnd::Reason::exited)
        diagnose(LogLevel::warning, "The worker of " + id_ + " ended: " + end.text);
    if (loaded_ || refused_) return fail_loading(end.text);
    if (on_death_) return on_death_(end.text);
    if (engine_owns_worker_ && !ended) engine_.on_worker_death(end.text);
}

void LiveRun::stop_worker() {
    engine_owns_worker_ = false;
    if (worker_) worker_->kill("the run has come to rest");
}

void LiveRun::where(std::function<void(Value)> done) {
    stack_ = std::move(done);
    tell_worker(List{"where"});
}

double LiveRun::wall_now() { return wall_now_s(); }

double LiveRun::boot_now() { return boot_now_s(); }

std::string LiveRun::boot_id() { return host_.boot_id_; }

Value LiveRun::append(Value record) {
    const bool flush = wants_flush(record);
    Value stamped = host_.writer_->append(id_, std::move(record), flush);
    unshown_.push_back(stamped);
    return stamped;
}

void LiveRun::show_durable() {
    const std::int64_t durable = host_.writer_->durable_seq(id_);
    while (!unshown_.empty() && unshown_.front()["seq"].integer() <= durable) {
        const Value record = std::move(unshown_.front());
        unshown_.pop_front();
        host_.watcher_.on_record(id_, engine_.state(), record);
    }
}

void LiveRun::after_commit(std::function<void()> effect) {
    host_.writer_->after_commit(
        [run = host_.shared(id_), effect = std::move(effect)] { effect(); });
}

void LiveRun::act_after_commit(std::function<void()> act) {
    host_.writer_->act_after_commit([run = host_.shared(id_), act = std::move(act)] { act(); });
}

bool LiveRun::may_act() { return host_.lease_holds() && host_.writer_->owns(id_); }

std::int64_t LiveRun::tell_worker(Value message) {
    if (worker_) worker_->send(message);
    return ++told_;
}

std::size_t LiveRun::unread_bytes() { return worker_ ? worker_->unsent_bytes() : 0; }

Value LiveRun::record_at(std::int64_t seq) {
    for (const auto& record : unshown_)
        if (record["seq"].integer() == seq) return record;
    const auto records = Records::of(host_.store(), id_);
    return records && seq > 0 ? records->at(static_cast<std::size_t>(seq) - 1) : Value();
}

// Rule 7.1: the new worker is told everything again, from the journal itself.
void LiveRun::restart_worker() {
    host_.writer_->after_commit([this, run = host_.shared(id_)] {
        if (ended) return;
        auto read = Records::of(host_.store(), id_);
        if (!read) return engine_.on_worker_death(read.error().message);
        load([this, run, records = std::move(*read)](const Result<Value>& loaded) {
            if (!loaded) return engine_.on_worker_death(loaded.error().message);
            engine_owns_worker_ = true;
            engine_.replay(records);
        });
    });
}

void LiveRun::start_call(CallRequest request) {
    auto call = std::make_shared<Call>(std::move(request.call));
    call->cancel = std::make_shared<Cancel>();
    call->open_secret = [this](const Value& value) { return host_.secrets_.open(value); };
    call->epoch = host_.writer_->epoch(id_);
    call->may_act = [this, run = host_.shared(id_)] { return may_act(); };
    call->keep_part = [this, run = host_.shared(id_), id = request.id](
                          const std::string& name, const Value& value,
                          std::function<void()> durable) {
        engine_.on_part(id, name, host_.masker_.mask_value(value));
        after_commit(std::move(durable));
    };
    call->tell = [this, run = host_.shared(id_), id = request.id](const std::string& text) {
        host_.loop().post([this, run, id, text = host_.masker_.mask(text)] { notice(id, text); });
    };
    calls_[request.id] = call->cancel;
    auto driver = host_.drivers_->of(call->target);
    sync_point(request.phase == Phase::act ? "act" : "call");
    perform_call(host_.loop(), std::move(driver), call, request, host_.masker_,
                 [this, run = host_.shared(id_)](CallAnswer answer) {
                     calls_.erase(answer.id);
                     sync_point("answered");
                     if (!ended) engine_.on_answer(std::move(answer));
                 });
}

void LiveRun::cancel_call(const EventId& call) {
    if (const auto found = calls_.find(call); found != calls_.end()) found->second->ask();
}

std::optional<Restore> LiveRun::restore_of(const Call& call, const Value& before,
                                           const Value& result) {
    auto driver = host_.drivers_->of(call.target);
    if (!driver) return std::nullopt;
    const auto handler = (*driver)->operations.find(call.operation);
    if (handler == (*driver)->operations.end() || !handler->second.restore) return std::nullopt;
    return handler->second.restore(call, before, result);
}

std::string LiveRun::lacks(const std::string& target, const std::string& operation) {
    return host_.drivers_->lacks(target, operation);
}

bool LiveRun::acts_in_host(const std::string& target) {
    const DriverKind* kind = host_.drivers_->kind_of(target);
    return kind && kind->acts_in_host;
}

void LiveRun::arm(const std::string& timer, double boot_at_s) {
    disarm(timer);
    timers_[timer] = host_.loop().start_timer(boot_at_s, [this, run = host_.shared(id_), timer] {
        timers_.erase(timer);
        if (!ended) engine_.on_timer(timer);
    });
}

void LiveRun::disarm(const std::string& timer) {
    const auto found = timers_.find(timer);
    if (found == timers_.end()) return;
    host_.loop().cancel(found->second);
    timers_.erase(found);
}

void LiveRun::after_inbox(std::function<void()> done) { host_.after_inbox(std::move(done)); }

void LiveRun::notice(const EventId& event, const std::string& text) {
    // Progress is told only after what it belongs to has been shown.
    if (unshown_.empty()) host_.watcher_.on_progress(id_, event, text);
}

Value families_for_worker(const std::vector<const Family*>& families) {
    Value all;
    for (const auto* family : families) {
        Value operations;
        for (const auto& operation : family->operations)
            operations.set(operation.name, to_text(operation.effect));
        all.set(family->name, operations);
    }
    return all;
}

}  // namespace perilune
