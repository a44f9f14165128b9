// Requests, pauses, progress and parts of a Lua driver's call; rules 4.6 and 13.2 are kept here.
#include "interpreter/driver/lua_call.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/driver/request_signature.h"

namespace perilune {

namespace {

constexpr int read_tries_max = 6;
constexpr double read_pause_first_s = 0.2;

Error stopped(const Call& call) {
    return fail("cancelled", call.target + ":" + call.operation + " was told to stop.",
                Retry::safe);
}

}  // namespace

Leaf<bool> LuaCall::perform(std::string_view phase, Value given) {
    return Leaf<bool>([this, phase, given = std::move(given)](Leaf<bool>::Resume resume) {
        resume_ = [resume] { resume(true); };
        id_ = driver_->worker.begin(shared_from_this(), phase, call_.operation, given);
    });
}

void LuaCall::finish() {
    if (resume_) driver_->loop.post(std::exchange(resume_, nullptr));
}

void LuaCall::on_done(List results) {
    end_.results = std::move(results);
    finish();
}

void LuaCall::on_failed(Error raised) {
    end_.error = std::move(raised);
    finish();
}

// What is in flight is waited for: only its answer can say whether it happened.
void LuaCall::on_death(const std::string& why) {
    end_.died = true;
    end_.error =
        fail("driver_failed", call_.target + ":" + call_.operation + ": " + why, Retry::safe);
    if (!serving_) finish();
}

void LuaCall::on_ask(std::int64_t k, const std::string& kind, const Value& data) {
    serving_ = true;
    const auto self = shared_from_this();
    start_task(serve(self, kind, data), [self, k](const Result<Value>& answer) {
        self->serving_ = false;
        if (self->end_.died) return self->finish();
        self->driver_->worker.answer(self->id_, k, answer);
    });
}

LuaCall::Answer LuaCall::serve(std::shared_ptr<LuaCall> self, std::string kind, Value data) {
    if (kind == "http") {
        auto answered = exchange(self, std::move(data));
        auto answer = co_await answered;
        co_return answer;
    }
    if (kind == "keep_part") {
        auto keeping = keep_part(self, std::move(data));
        auto kept = co_await keeping;
        co_return kept;
    }
    if (kind == "sleep") {
        auto pause = self->rest(data["seconds"].number());
        const bool rested = co_await pause;
        if (!rested) co_return stopped(self->call_);
        if (self->call_.deadline_s > 0 && boot_now_s() >= self->call_.deadline_s)
            co_return fail("timed_out",
                           self->call_.target + ":" + self->call_.operation +
                               ": the time allowed has passed while waiting.",
                           Retry::safe);
        co_return Value(true);
    }
    if (kind == "digest" || kind == "keep") {
        const auto opened = open_text(self->call_, data["value"]);
        if (!opened) co_return opened.error();
        std::string digest = to_hex(sha256(*opened));
        if (kind == "digest") co_return Value(std::move(digest));
        // Named by its value, so that equal values have equal handles.
        const std::string name = self->call_.target + " " + data["name"].text() + " ";
        co_return self->driver_->keep_secret(name + digest.substr(0, 16), *opened);
    }
    if (kind == "part") {
        self->in_part_ = true;
        self->sent_ = 0;
    } else if (kind == "tell") {
        self->call_.tell(data["text"].text());
    }
    co_return Value(true);
}

// True after the pause, which ends at the call's deadline at the latest; false once told to stop.
Leaf<bool> LuaCall::rest(double seconds) {
    return Leaf<bool>([this, seconds](Leaf<bool>::Resume resume) {
        double until_s = boot_now_s() + std::max(0.0, seconds);
        if (call_.deadline_s > 0) until_s = std::min(until_s, call_.deadline_s);
        Loop& loop = driver_->loop;
        const auto cancel = call_.cancel;
        const Loop::Id timer = loop.start_timer(until_s, [cancel, resume] {
            cancel->forget();
            resume(true);
        });
        cancel->on_ask([&loop, timer, resume] {
            loop.cancel(timer);
            loop.post([resume] { resume(false); });
        });
    });
}

LuaCall::Answer LuaCall::keep_part(std::shared_ptr<LuaCall> self, Value part) {
    self->in_part_ = false;
    self->sent_ = 0;
    if (self->call_.keep_part) {
        Leaf<bool> durable([self, part](Leaf<bool>::Resume resume) {
            self->call_.keep_part(part["name"].text(), part["value"], [resume] { resume(true); });
        });
        co_await durable;
    }
    co_return Value(true);
}

// Rule 13.2: one changing request, or each inside a part of its own.
Status LuaCall::may_send_change() {
    if (may_change_ == MayChange::no)
        return fail("bad_driver", call_.target + ":" + call_.operation +
                                      ": only act may send a request that changes something. Say "
                                      "reads = true where the request only reads.");
    if (sent_ > 0 && may_change_ == MayChange::once)
        return fail("bad_driver",
                    call_.target + ":" + call_.operation +
                        ": a second changing request in one act. Put each inside part(name, …).");
    if (!call_.may_act())
        return fail("not_sent",
                    call_.target + ":" + call_.operation +
                        " was not sent: this host may have lost the run to another one.",
                    Retry::safe);
    return Done{};
}

LuaCall::Answer LuaCall::exchange(std::shared_ptr<LuaCall> self, Value asked) {
    Call& call = self->call_;
    LuaDriver& driver = *self->driver_;
    const auto request = make_request(driver.reach, call, asked);
    if (!request) co_return request.error();
    double pause_s = read_pause_first_s;
    auto renewing = renew_role_of(driver.client, driver.keep_secret, call, request->sign);
    const auto renewed = co_await renewing;
    if (!renewed) co_return renewed.error();
    for (int tries = 1;; ++tries) {
        auto entering = driver.gate.enter();
        co_await entering;
        Status allowed = Done{};
        if (call.cancel->asked()) allowed = stopped(call);
        if (allowed.ok() && !request->reads) allowed = self->may_send_change();
        HttpRequest copy = request->http;
        if (allowed.ok()) allowed = sign_request(copy, call, request->sign);
        if (!allowed.ok()) {
            driver.gate.leave();
            co_return allowed.error();
        }
        if (!request->reads) ++self->sent_;
        auto sending = driver.client.send(std::move(copy), call.cancel);
        auto answer = co_await sending;
        driver.gate.leave();
        const Result<Value> took = self->take(*request, std::move(answer));
        // What is proved not executed may be sent again.
        if (!took.ok() && !request->reads && took.error().retry == Retry::safe) --self->sent_;
        if (took.ok() || !request->reads || request->once || took.error().retry != Retry::safe ||
            call.cancel->asked() || tries == read_tries_max)
            co_return took;
        const double wait_s = std::max(pause_s, took.error().detail["retry_after_s"].number());
        if (boot_now_s() + wait_s >= request->http.deadline_s &&
            (call.deadline_s == 0 || boot_now_s() + wait_s >= call.deadline_s))
            co_return took;
        auto pause = self->rest(wait_s);
        const bool rested = co_await pause;
        if (!rested) co_return took;
        pause_s = std::min(pause_s * 2, 5.0);
    }
}

Result<Value> LuaCall::take(const DriverRequest& request, Result<HttpAnswer> answer) {
    if (!answer.ok()) {
        Error error = answer.error();
        error.message = call_.target + ": " + error.message;
        if (request.reads && error.retry == Retry::unknown) error.retry = Retry::safe;
        if (!request.reads && error.retry == Retry::unknown) end_.maybe = true;
        return error;
    }
    const bool welcome = answer->status >= 200 && answer->status < 300;
    if (!welcome && !request.accept.contains(answer->status)) {
        Error error = refusal_of(call_, request, *answer);
        if (!request.reads && error.retry == Retry::unknown) end_.maybe = true;
        return error;
    }
    if (!request.reads && (welcome || leaves_doubt(answer->status))) {
        end_.changed = true;
        if (!in_part_) end_.loose = true;
    }
    return with_handles(answer_value(*answer), request.handles, call_, driver_->keep_secret);
}

}  // namespace perilune
