#include "bindings/http/simulated_site.h"

#include <algorithm>

#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t requests_kept = 200;
constexpr double day_s = 86400;
// The header by which services tell repeated requests (the IETF's draft of that name).
constexpr std::string_view key_header = "idempotency-key";

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::string key_of(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers)
        if (lower(name) == key_header) return value;
    return "";
}

bool covers(const std::string& pattern, const std::string& path) {
    if (!pattern.ends_with('*')) return pattern == path;
    return path.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

SimulatedAnswer json_answer(int status, const Value& body) {
    SimulatedAnswer answer;
    answer.status = status;
    answer.headers["content-type"] = "application/json";
    answer.body = to_json(body);
    return answer;
}

// The error of a body that is longer than is read, with its beginning.
Error too_large(const HttpAnswer& answer, std::size_t body_max) {
    Error error =
        fail("body_too_large", "The body is longer than " + std::to_string(body_max) + " bytes.");
    Value headers;
    headers.as_map();
    for (const auto& [name, value] : answer.headers) headers.set(name, value);
    error.detail.set("status", answer.status).set("headers", headers);
    error.detail.set("body", answer.body.substr(0, body_max));
    return error;
}

}  // namespace

SimulatedSite::SimulatedSite(const Settings& settings, SimulatedWorld& world)
    : world_(world), name_(settings.target) {
    const auto base = check_base_url(settings.values["url"].text());
    base_ = base ? *base : "";
    const auto begin = base_.find("://") + 3;
    host_ = base_.empty() ? "" : base_.substr(begin, base_.find_first_of(":/", begin) - begin);
    certificate_.names = {host_};
    certificate_.issuer = "CN=Simulated Authority";
    certificate_.starts_at = wall_now_s() - 30 * day_s;
    certificate_.ends_at = wall_now_s() + 60 * day_s;
}

std::string SimulatedSite::path_of(const std::string& url) const {
    const std::string path = url.substr(std::min(base_.size(), url.size()));
    return path.substr(0, path.find('?'));
}

SimulatedAnswer* SimulatedSite::find_answer(const std::string& method, const std::string& path) {
    const auto fits = [&](const SimulatedAnswer& answer) {
        return answer.times != 0 && (answer.method.empty() || answer.method == method) &&
               covers(answer.path, path);
    };
    // Those for some requests go first, in the order in which they were given.
    for (auto& answer : answers_)
        if (answer.times > 0 && fits(answer)) return &answer;
    SimulatedAnswer* narrowest = nullptr;
    for (auto& answer : answers_)
        if (fits(answer) && (!narrowest || answer.path.size() >= narrowest->path.size()))
            narrowest = &answer;
    return narrowest;
}

SimulatedService* SimulatedSite::behind() const {
    if (told_behind_) return world_.find_as<SimulatedService>(behind_);
    SimulatedService* only = nullptr;
    for (const auto& [target, made] : world_.targets()) {
        auto* service = dynamic_cast<SimulatedService*>(made.get());
        if (service && only) return nullptr;
        if (service) only = service;
    }
    return only;
}

SimulatedAnswer SimulatedSite::answer_of_service(const std::string& method) {
    SimulatedService* service = behind();
    if (!service) return json_answer(200, Value().set("status", "ok"));
    const ServiceSight sight = service->meet(world_.chance());
    Value body = sight.about;
    switch (sight.kind) {
        case ServiceSight::Kind::serves: return json_answer(200, body.set("status", "ok"));
        case ServiceSight::Kind::maintenance:
            return json_answer(503, body.set("status", "maintenance"));
        case ServiceSight::Kind::unhealthy:
            return json_answer(503, body.set("status", "unavailable"));
        case ServiceSight::Kind::refused: break;
    }
    SimulatedAnswer refused;
    refused.method = method;
    refused.fails = "refused";
    return refused;
}

// A client accepts a certificate that is for this host, and of today (RFC 6125, 6.4).
Status SimulatedSite::check_certificate() const {
    if (!base_.starts_with("https://")) return Done{};
    const double now = wall_now_s();
    if (now < certificate_.starts_at || now > certificate_.ends_at)
        return fail("tls_failed", "The certificate of " + host_ +
                                      " has expired or is not valid "
                                      "yet.");
    for (const auto& name : certificate_.names) {
        const auto dot = host_.find('.');
        const bool wildcard = name.starts_with("*.") && dot != std::string::npos &&
                              host_.substr(dot) == name.substr(1);
        if (name == host_ || wildcard) return Done{};
    }
    return fail("tls_failed", "The certificate is not for the name " + host_ + ".");
}

SimulatedSite::Exchange SimulatedSite::take(const HttpRequest& request) {
    if (const auto accepted = check_certificate(); !accepted)
        return {.answer = accepted.error(), .after_s = 0};
    const std::string path = path_of(request.url);
    const std::string wish = request.method + " " + path;
    const std::string key = key_of(request);
    const auto known = key.empty() ? by_key_.end() : by_key_.find(wish + " " + key);
    SimulatedAnswer given;
    if (known != by_key_.end()) {
        given = known->second;  // A repeated request: the answer of the first, and no effect.
    } else if (SimulatedAnswer* found = find_answer(request.method, path)) {
        if (found->times > 0) --found->times;
        given = *found;
    } else {
        given = answer_of_service(request.method);
    }
    const bool reached = given.fails != "refused";
    if (reached) ++by_path_[path];
    const bool good = given.fails.empty() ? given.status < 400 : reached;
    if (known == by_key_.end() && good) {
        ++executed_[wish];
        if (!key.empty()) {
            SimulatedAnswer kept = given;
            kept.fails.clear();
            by_key_.emplace(wish + " " + key, std::move(kept));
        }
    }
    std::erase_if(answers_, [](const SimulatedAnswer& answer) { return answer.times == 0; });
    requests_.push_back(
        {wall_now_s(), request.method, path, given.fails.empty() ? given.status : 0});
    if (requests_.size() > requests_kept) requests_.erase(requests_.begin());
    const double after_s = takes_s + given.after_s;
    if (!reached)
        return {
            .answer = fail("refused", "The connection to " + host_ + " was refused.", Retry::safe),
            .after_s = takes_s};
    if (!given.fails.empty())
        return {.answer = fail(given.fails, host_ + " closed the connection without an answer.",
                               Retry::unknown),
                .after_s = after_s};
    HttpAnswer answer;
    answer.status = given.status;
    for (const auto& [name, value] : given.headers) answer.headers[lower(name)] = value.text();
    if (request.method != "HEAD") answer.body = given.body;
    answer.took_s = after_s;
    if (request.want_certificate) answer.certificate = certificate_;
    if (answer.body.size() > request.body_max)
        return {.answer = too_large(answer, request.body_max), .after_s = after_s};
    return {.answer = std::move(answer), .after_s = after_s};
}

Status SimulatedSite::add_answer(const Value& arguments) {
    SimulatedAnswer made;
    made.path = arguments.has("path") ? arguments["path"].text() : "*";
    if (made.path != "*" && !made.path.starts_with('/'))
        return fail("bad_argument", "The path of an answer begins with a slash, or is \"*\".");
    made.method = arguments["method"].text();
    if (arguments.has("status")) made.status = static_cast<int>(arguments["status"].integer());
    made.headers = arguments["headers"].map();
    made.body = arguments["body"].text();
    if (arguments.has("json")) {
        made.body = to_json(arguments["json"]);
        made.headers.emplace("content-type", "application/json");
    }
    made.after_s = arguments["after_s"].number();
    made.fails = arguments["fails"].text();
    if (arguments.has("fails") && made.fails != "refused" && made.fails != "connection_lost")
        return fail("bad_argument", "`fails` is \"refused\" or \"connection_lost\".");
    if (arguments.has("times")) made.times = static_cast<int>(arguments["times"].integer());
    // One that stays takes the place of the one before it.
    if (made.times < 0)
        std::erase_if(answers_, [&](const SimulatedAnswer& other) {
            return other.times < 0 && other.path == made.path && other.method == made.method;
        });
    answers_.push_back(std::move(made));
    return Done{};
}

Status SimulatedSite::set_behind(const std::string& target) {
    if (!target.empty() && !world_.find_as<SimulatedService>(target))
        return fail("no_target", "The simulated world has no target " + target +
                                     " that serves; name one such as deploy/web.");
    told_behind_ = true;
    behind_ = target;
    return Done{};
}

Status SimulatedSite::set_certificate(const Value& arguments) {
    if (arguments.has("names")) {
        certificate_.names.clear();
        for (const auto& name : arguments["names"].list())
            certificate_.names.push_back(name.text());
    }
    if (arguments.has("issuer")) certificate_.issuer = arguments["issuer"].text();
    if (arguments.has("starts_at")) certificate_.starts_at = arguments["starts_at"].number();
    if (arguments.has("ends_at")) certificate_.ends_at = arguments["ends_at"].number();
    return Done{};
}

Value SimulatedSite::look() const {
    Value seen, requests, executed;
    requests.as_map();
    executed.as_map();
    double all = 0;
    for (const auto& [path, count] : by_path_) {
        requests.set(path, count);
        all += count;
    }
    for (const auto& [wish, count] : executed_) executed.set(wish, count);
    List calls;
    for (const auto& request : requests_) {
        Value call;
        call.set("at", request.at).set("method", request.method).set("path", request.path);
        if (request.status > 0) call.set("status", request.status);
        calls.push_back(std::move(call));
    }
    seen.set("requests", requests).set("count", all).set("executed", executed);
    return seen.set("calls", std::move(calls)).set("certificate_ends_at", certificate_.ends_at);
}

}  // namespace perilune
