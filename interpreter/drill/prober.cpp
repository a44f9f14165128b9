#include "interpreter/drill/prober.h"

#include <algorithm>

#include "interpreter/base/http_client.h"

namespace perilune {

namespace {

constexpr std::size_t open_max = 32;
constexpr double ttl_least_s = 0.05;

// The pieces of http://HOST[:PORT]/PATH.
struct Url {
    std::string host;
    std::string port;  // ":8080", or empty.
    std::string path;
};

Url split(const std::string& url) {
    Url parts;
    const std::string rest = url.substr(url.find("://") + 3);
    const auto slash = std::min(rest.find('/'), rest.size());
    parts.path = slash < rest.size() ? rest.substr(slash) : "/";
    const std::string authority = rest.substr(0, slash);
    const auto colon = std::min(authority.find(':'), authority.size());
    parts.host = authority.substr(0, colon);
    parts.port = authority.substr(colon);
    return parts;
}

}  // namespace

// Outlives the prober while questions are open.
struct Prober::Shared {
    Targets& targets;
    ProbePlan plan;
    Url url;
    Prober* owner;
    std::string address;
    double known_until = 0;  // Boot clock.

    Awaitable<Result<std::string>> look_up() {
        if (plan.resolve.empty()) co_return url.host;
        if (boot_now_s() < known_until) co_return address;
        Map arguments;
        arguments["name"] = url.host + ".";
        arguments["type"] = "A";
        const auto answers =
            co_await targets.observe(plan.resolve, "lookup", arguments, plan.timeout_s);
        if (!answers) co_return answers.error();
        for (const auto& answer : answers->list()) {
            if (answer["values"].list().empty()) continue;
            address = answer["values"].list().front().text();
            known_until = boot_now_s() + std::max(ttl_least_s, answer["ttl_s"].number());
            co_return address;
        }
        co_return fail("no_address", "no name server gives an address for " + url.host);
    }

    Awaitable<Probe> ask() {
        Probe probe;
        probe.at = wall_now_s();
        const double began = boot_now_s();
        const auto found = co_await look_up();
        if (!found) {
            probe.problem = found.error().message;
            probe.took_s = boot_now_s() - began;
            co_return probe;
        }
        probe.address = *found;
        HttpRequest request;
        request.url = "http://" + *found + url.port + url.path;
        request.headers = {{"Host", url.host + url.port}};
        request.connect_timeout_s = plan.timeout_s;
        request.deadline_s = began + plan.timeout_s;
        request.fresh_connection = true;
        auto sent = targets.host().http().send(request, std::make_shared<Cancel>());
        const auto answer = co_await sent;
        probe.took_s = boot_now_s() - began;
        if (!answer) {
            probe.problem = answer.error().message;
        } else if (answer->status != plan.status) {
            probe.problem = "status " + std::to_string(answer->status);
        } else if (!plan.contains.empty() &&
                   answer->body.find(plan.contains) == std::string::npos) {
            probe.problem = "the answer does not have " + plan.contains;
        } else {
            probe.good = true;
        }
        co_return probe;
    }
};

Prober::Prober(Targets& targets, ProbePlan plan)
    : targets_(targets),
      plan_(std::move(plan)),
      shared_(
          new Shared{.targets = targets, .plan = plan_, .url = split(plan_.url), .owner = this}) {}

Prober::~Prober() {
    stop();
    shared_->owner = nullptr;
}

void Prober::start() { tick(); }

void Prober::stop() {
    if (timer_ != 0) targets_.host().loop().cancel(std::exchange(timer_, 0));
}

void Prober::tick() {
    timer_ = targets_.host().loop().start_timer(boot_now_s() + plan_.every_s, [this] { tick(); });
    if (open_ >= open_max) return;
    ++open_;
    start_task(shared_->ask(), [shared = shared_](const Probe& probe) {
        if (shared->owner) shared->owner->took(probe);
    });
}

void Prober::took(const Probe& probe) {
    --open_;
    const auto place =
        std::upper_bound(probes_.begin(), probes_.end(), probe.at,
                         [](double at, const Probe& later) { return at < later.at; });
    probes_.insert(place, probe);
    if (!probe.good) {
        good_since_ = 0;
    } else if (good_since_ == 0) {
        good_since_ = probe.at;
    }
}

std::vector<Probe> Prober::probes() const { return probes_; }

}  // namespace perilune
