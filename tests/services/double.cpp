#include "tests/services/double.h"

#include <cstdlib>
#include <regex>
#include <set>
#include <stdexcept>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/support/loop_rig.h"

namespace perilune::test {

namespace {

std::string program_of(const std::string& name) {
    const char* source = std::getenv("PERILUNE_SOURCE");
    return std::string(source ? source : ".") + "/tests/services/doubles/" + name + ".py";
}

const char* word_of(Fault::Kind kind) {
    switch (kind) {
        case Fault::Kind::lose: return "lose";
        case Fault::Kind::drop: return "drop";
        case Fault::Kind::delay: return "delay";
        case Fault::Kind::answer: return "answer";
        case Fault::Kind::answer_after: break;
    }
    return "answer_after";
}

}  // namespace

bool has_doubles() { return has_program("python3"); }

Fault throttled(const std::string& method, const std::string& path, int times) {
    return {.kind = Fault::Kind::answer,
            .method = method,
            .path = path,
            .status = 429,
            .body = Value().set("message", "Too many requests"),
            .headers = Value().set("Retry-After", "0"),
            .times = times};
}

Double::Double(const std::string& name) {
    service_.start({"python3", "-B", program_of(name), std::to_string(port_)},
                   [this] { return accepts(port_); });
    const Value told = ask("GET", "requests", "");
    checks_ = !told.has("unchecked");
    static std::set<std::string> told_of;
    if (!checks_ && told_of.insert(name).second)
        MESSAGE("requests to the double of " << name
                                             << " are not checked: " << told["unchecked"].text());
}

Double::~Double() {
    if (forgiven_) return;
    try {
        for (const auto& violation : violations()) FAIL_CHECK(violation.text());
    } catch (const std::exception& failure) {
        FAIL_CHECK(failure.what());
    }
}

Value Double::ask(const std::string& method, const std::string& word,
                  const std::string& body) const {
    LoopRig rig;
    HttpRequest request;
    request.method = method;
    request.url = url() + "/__double__/" + word;
    request.body = body;
    request.has_body = !body.empty();
    request.body_max = 16 << 20;
    const auto answer = rig.await(rig.http().send(request, std::make_shared<Cancel>()));
    if (!answer) throw std::runtime_error("the double: " + answer.error().message);
    const auto told = from_json(answer->body);
    if (!told) throw std::runtime_error("the double: " + answer->body);
    return *told;
}

void Double::fault(const Fault& fault) const {
    Value told;
    told.set("do", word_of(fault.kind)).set("path", fault.path).set("seconds", fault.seconds);
    told.set("times", fault.times).set("skip", fault.skip).set("in_body", fault.in_body);
    if (!fault.method.empty()) told.set("method", fault.method);
    if (fault.status != 0) told.set("status", fault.status);
    if (!fault.body.is_nil()) told.set("body", fault.body);
    told.set("headers", fault.headers.is_map() ? fault.headers : Value(Map{}));
    ask("POST", "fault", to_json(told));
}

List Double::requests(const std::string& method, const std::string& path) const {
    List found;
    const std::regex pattern(path);
    const Value told = ask("GET", "requests", "");
    for (const auto& request : told["requests"].list())
        if ((method.empty() || request["method"].text() == method) &&
            std::regex_search(request["path"].text(), pattern))
            found.push_back(request);
    return found;
}

std::size_t Double::count(const std::string& method, const std::string& path) const {
    return requests(method, path).size();
}

int Double::changes() const {
    return static_cast<int>(ask("GET", "requests", "")["changes"].integer());
}

List Double::violations() const { return ask("GET", "requests", "")["violations"].list(); }

Value Double::state() const { return ask("GET", "state", ""); }

void Double::set_state(const Value& fields) const { ask("POST", "state", to_json(fields)); }

}  // namespace perilune::test
