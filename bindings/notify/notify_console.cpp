// The driver `console`: messages on the screen of whoever watches the run.
#include <set>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_notice.h"

namespace perilune {

namespace {

constexpr Setting settings_table[] = {
    {.name = "prefix",
     .doc = "What each line begins with. Otherwise the target's name in brackets.",
     .need = Need::optional},
};

constexpr std::string_view operation_names[] = {"send", "open", "update", "resolve"};

// Lives as long as the host: the screen itself remembers nothing.
struct Console {
    std::string prefix;
    std::function<void(std::string)> print;
    std::set<std::string> open;
};

Awaitable<Result<Before>> before_print(Call* call) { co_return before_message(*call); }

Awaitable<Outcome> act_print(std::shared_ptr<Console> console, Call* call) {
    const std::string& key = call->arguments["key"].text();
    if (!console->print)
        co_return undelivered(*call, fail("no_console", call->target + ": there is no console."));
    if (call->operation == "open" && !console->open.insert(key).second)
        co_return delivered(*call, false);
    if (call->operation == "resolve") console->open.erase(key);
    console->print(console->prefix + " " + shown_message(*call));
    co_return delivered(*call, true);
}

Result<Driver> make(const Settings& settings, Services& services) {
    const auto console = std::make_shared<Console>();
    console->prefix = settings.values.has("prefix") ? settings.values["prefix"].text()
                                                    : "[" + settings.target + "]";
    console->print = services.print;
    Driver driver;
    driver.state = console;
    for (const auto& name : operation_names) {
        Handler handler;
        handler.before = [](Call& call) { return before_print(&call); };
        handler.act = [console](Call& call, const Value&) { return act_print(console, &call); };
        driver.operations.emplace(name, std::move(handler));
    }
    return driver;
}

}  // namespace

extern constinit const DriverKind notify_console_kind = {
    .family = "notify",
    .name = "console",
    .doc =
        "Prints each message as one line on the host's console. It remembers which incidents "
        "are open only while the host lives, so after a restart one may be shown again.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .acts_in_host = true,
    .doctor_checks = "nothing: it is the screen",
};

}  // namespace perilune
