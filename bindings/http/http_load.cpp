// `load`: requests leave when they are due, and are measured from then, whatever the server does.
#include "bindings/http/http_load.h"

#include <algorithm>
#include <cmath>

#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr std::size_t judged_after = 20;

// Shared by the generator and its requests; all of them on the loop.
struct Load {
    HttpTargetPointer target;
    HttpRequest request;
    std::shared_ptr<Cancel> cancel;
    std::size_t under_way = 0;
    std::size_t errors = 0;
    std::vector<float> times_s;  // Of all that ended.
    Leaf<bool>::Resume on_end;   // Resumes the generator where it waits for one to end.
};
using LoadPointer = std::shared_ptr<Load>;

void count(const LoadPointer& load, double due_s, const Result<HttpAnswer>& answer) {
    const bool good = answer.ok() && answer->status >= 200 && answer->status < 400;
    load->errors += good ? 0 : 1;
    load->times_s.push_back(static_cast<float>(boot_now_s() - due_s));
    --load->under_way;
    if (auto resume = std::exchange(load->on_end, nullptr))
        load->target->loop.post([resume] { resume(true); });
}

void start_one(const LoadPointer& load, double due_s) {
    ++load->under_way;
    HttpRequest request = load->request;
    request.deadline_s = boot_now_s() + load->target->timeout_s;
    start_task(load->target->client.send(std::move(request), std::make_shared<Cancel>()),
               [load, due_s](const Result<HttpAnswer>& answer) { count(load, due_s, answer); });
}

Awaitable<bool> wait_for_one(LoadPointer load) {
    Leaf<bool> leaf([load](Leaf<bool>::Resume resume) { load->on_end = std::move(resume); });
    co_await leaf;
    co_return true;
}

double percentile(const std::vector<float>& sorted, double part) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return static_cast<double>(sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1]);
}

double error_ratio(const Load& load) {
    if (load.times_s.empty()) return 0;
    return static_cast<double>(load.errors) / static_cast<double>(load.times_s.size());
}

Value summary(Load& load) {
    std::ranges::sort(load.times_s);
    Value result;
    result.set("requests", static_cast<double>(load.times_s.size()))
        .set("error_ratio", error_ratio(load))
        .set("changed", true);
    if (load.times_s.empty()) return result;
    result.set("p50_s", percentile(load.times_s, 0.5))
        .set("p95_s", percentile(load.times_s, 0.95))
        .set("p99_s", percentile(load.times_s, 0.99))
        .set("max_s", static_cast<double>(load.times_s.back()));
    return result;
}

Outcome stopped(Load& load, const Call& call, const char* code, const std::string& why) {
    Error error = fail(code, "The load of " + shown_request("GET", call) + " ended early: " + why,
                       Retry::never);
    error.detail = summary(load);
    return Outcome::failed(std::move(error));
}

}  // namespace

Awaitable<Outcome> act_load(HttpTargetPointer target, Call* call) {
    auto request = make_request(*target, *call, "GET");
    if (!request) co_return Outcome::failed(request.error());
    const auto load = std::make_shared<Load>();
    load->target = target;
    load->request = std::move(*request);
    load->cancel = call->cancel;
    const double rate_per_s = call->arguments["rate_per_s"].number();
    const auto total = static_cast<std::size_t>(
        std::max(1.0, std::floor(rate_per_s * call->arguments["during"].number())));
    const auto most = static_cast<std::size_t>(call->arguments["connections_max"].number());
    const double error_ratio_max = call->arguments["stop_at_error_ratio"].number();
    const double began_s = boot_now_s();
    bool too_many = false;
    bool in_time = true;
    for (std::size_t i = 0; i < total && !too_many && in_time && !call->cancel->asked(); ++i) {
        const double due_s = began_s + static_cast<double>(i) / rate_per_s;
        const bool due = co_await pause_until(target->loop, due_s, call->cancel);
        if (!due) break;
        while (load->under_way >= most) co_await wait_for_one(load);
        in_time = call->deadline_s <= 0 || boot_now_s() < call->deadline_s;
        too_many = load->times_s.size() >= judged_after && error_ratio(*load) > error_ratio_max;
        if (in_time && !too_many) start_one(load, due_s);
        if (i % 100 == 99) call->tell(std::to_string(i + 1) + " of " + std::to_string(total));
    }
    while (load->under_way > 0) co_await wait_for_one(load);
    too_many |= load->times_s.size() >= judged_after && error_ratio(*load) > error_ratio_max;
    if (too_many)
        co_return stopped(*load, *call, "too_many_errors",
                          "more than " + std::to_string(std::lround(error_ratio_max * 100)) +
                              " % of the answers were errors. Look at the service first.");
    if (call->cancel->asked()) co_return stopped(*load, *call, "cancelled", "it was told to stop.");
    if (!in_time)
        co_return stopped(*load, *call, "timed_out", "its time was over. Allow more time.");
    co_return Outcome::done(summary(*load));
}

}  // namespace perilune
