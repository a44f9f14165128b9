#include "interpreter/drill/ask.h"

#include "interpreter/base/digest.h"
#include "interpreter/run/calls.h"

namespace perilune {

namespace {

Leaf<CallAnswer> performed(Host& host, const std::shared_ptr<Call>& call,
                           const CallRequest& request) {
    return Leaf<CallAnswer>([&host, call, request](Leaf<CallAnswer>::Resume resume) {
        perform_call(host.loop(), host.driver_of(call->target), call, request, host.masker(),
                     [resume](CallAnswer answer) { resume(std::move(answer)); });
    });
}

}  // namespace

Result<std::shared_ptr<Call>> Targets::make_call(const std::string& target,
                                                 const std::string& operation, const Map& arguments,
                                                 double within_s) {
    const Family* family = host_.family_of(target);
    const Operation* row = family ? family->operation(operation) : nullptr;
    if (!row) return fail("bad_drill", target + " has no operation " + operation + ".");
    auto checked = check_arguments(*family, *row, arguments);
    if (!checked) return checked.error();
    auto call = std::make_shared<Call>();
    call->operation = operation;
    call->target = target;
    call->arguments = std::move(*checked);
    call->deadline_s = boot_now_s() + within_s;
    call->open_secret = [this](const Value& value) { return host_.open_secret(value); };
    call->keep_part = [this](const std::string&, const Value&, std::function<void()> durable) {
        host_.loop().post(std::move(durable));
    };
    return call;
}

Awaitable<Result<Value>> Targets::observe(std::string target, std::string operation, Map arguments,
                                          double within_s) {
    auto call = make_call(target, operation, arguments, within_s);
    if (!call) co_return call.error();
    CallRequest request;
    request.phase = Phase::observe;
    auto asked = performed(host_, *call, request);
    CallAnswer answer = co_await asked;
    if (!answer.observed) co_return fail("bug", target + ":" + operation + " gave no answer.");
    co_return std::move(*answer.observed);
}

Awaitable<Result<Value>> Targets::change(std::string target, std::string operation, Map arguments,
                                         double within_s) {
    auto call = make_call(target, operation, arguments, within_s);
    if (!call) co_return call.error();
    (*call)->key = to_hex(random_bytes(16));
    CallRequest request;
    request.phase = Phase::before;
    auto looked = performed(host_, *call, request);
    CallAnswer found = co_await looked;
    if (!found.before) co_return fail("bug", target + ":" + operation + " gave no answer.");
    if (!*found.before) co_return found.before->error();
    if ((*found.before)->already_so) co_return (*found.before)->result;
    request.phase = Phase::act;
    request.before = (*found.before)->state;
    auto acted = performed(host_, *call, request);
    CallAnswer done = co_await acted;
    if (!done.outcome) co_return fail("bug", target + ":" + operation + " gave no answer.");
    if (done.outcome->kind != Outcome::Kind::done) co_return done.outcome->error;
    co_return done.outcome->value;
}

}  // namespace perilune
