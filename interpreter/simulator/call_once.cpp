// One operation of a simulated target, with no host and no run around it.
#include "bindings/table.h"
#include "interpreter/simulator/visit.h"

namespace perilune {

namespace {

Awaitable<Result<Value>> execute(Handler& handler, Call& call) {
    if (handler.observe) {
        auto observed = handler.observe(call);
        co_return co_await observed;
    }
    auto before = handler.before(call);
    const auto found = co_await before;
    if (!found) co_return found.error();
    if (found->already_so) co_return found->result;
    auto acted = handler.act(call, found->state);
    const Outcome outcome = co_await acted;
    if (outcome.kind != Outcome::Kind::done) co_return outcome.error;
    co_return outcome.value;
}

}  // namespace

Result<Value> call_once(SimulatedWorld& world, VirtualClock& clock, const std::string& target,
                        const std::string& operation, const Value& arguments) {
    const Family* family = find_family(target.substr(0, target.find('/')));
    const Operation* row = family ? family->operation(operation) : nullptr;
    if (!row) return fail("no_such_operation", target + " has no operation " + operation + ".");
    Value given = arguments;
    auto checked = check_arguments(*family, *row, given.as_map());
    if (!checked) return checked.error();
    const auto loop = make_virtual_loop(clock);
    Services services{.loop = *loop};
    services.open_secret = [](const Value& value) -> Result<std::string> { return value.text(); };
    // A test sees what an operation made secret.
    services.keep_secret = [](const std::string&, const std::string& value) { return value; };
    std::map<std::string, Driver> drivers;
    services.driver_of = [&](const std::string& other) -> Driver* {
        SimulatedTarget* found = world.find(other);
        if (!found) return nullptr;
        return &drivers.insert_or_assign(other, found->make_driver(services)).first->second;
    };
    Driver* driver = services.driver_of(target);
    const auto handler = driver ? driver->operations.find(operation)
                                : std::map<std::string, Handler, std::less<>>::iterator();
    if (!driver || handler == driver->operations.end())
        return fail("no_such_operation", target + " has no operation " + operation + " here.");
    Call call;
    call.operation = operation;
    call.target = target;
    call.arguments = Value(std::move(*checked));
    call.key = "test";
    call.deadline_s = boot_now_s() + row->timeout_s;
    call.open_secret = services.open_secret;
    std::optional<Result<Value>> ended;
    start_task(execute(handler->second, call),
               [&](Result<Value> value) { ended = std::move(value); });
    loop->run();
    if (!ended) return fail("bug", target + ":" + operation + " never came to its end.");
    return *ended;
}

}  // namespace perilune
