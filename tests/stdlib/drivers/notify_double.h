// A notify driver that talks to a double, and what every such driver does where things go wrong.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "bindings/notify/notify.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"
#include "tests/support/notify_conformance.h"

namespace perilune::test {

struct NotifyDouble {
    // `settings` are completed by the double's url; the secret KEY opens to the double's token.
    NotifyDouble(const std::string& name, const std::string& driver, const std::string& target,
                 const Value& settings)
        : NotifyDouble(std::make_shared<Double>(name), driver, target, settings) {}

    NotifyDouble(std::shared_ptr<Double> other, const std::string& driver,
                 const std::string& target, Value settings,
                 const std::map<std::string, std::string>& more_secrets = {})
        : double_(std::move(other)),
          rig(std::make_shared<DriverRig>(notify_family, builtin_kind("notify", driver), target)) {
        rig->secrets = more_secrets;
        rig->secrets["KEY"] = Double::token;
        if (!settings.has("url")) settings.set("url", double_->url());
        const auto made = rig->make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }

    // For the family's suite: what came through is what changed the double's state.
    NotifySubject subject() const {
        const auto kept = double_;
        return {.rig = rig,
                .count = [kept] { return static_cast<std::size_t>(kept->changes()); },
                .break_channel =
                    [kept] {
                        kept->fault({.kind = Fault::Kind::answer,
                                     .status = 400,
                                     .body = Value().set("message", "Broken"),
                                     .times = 1000});
                    },
                .channel = kept};
    }

    std::shared_ptr<Double> double_;
    std::shared_ptr<DriverRig> rig;
};

// A message that may have been sent is told so, and not sent twice.
inline void check_lost_message(const NotifyDouble& subject, const std::string& method) {
    const int before = subject.double_->changes();
    subject.double_->fault({.method = method});
    const Changed lost = subject.rig->change("send", fields("text", "only once"));
    REQUIRE(lost.done());
    CHECK_FALSE(lost.outcome.value["delivered"].boolean());
    CHECK(lost.outcome.value["changed"].boolean());
    CHECK(lost.outcome.value["error"]["retry"].text() == "unknown");
    CHECK(subject.double_->changes() == before + 1);
}

// The provider's refusal is told as one of the credentials, and shows none of them.
inline void check_refused_credentials(const NotifyDouble& subject) {
    subject.rig->secrets["KEY"] = "canary-of-the-secret";
    for (const auto* operation : {"send", "open"}) {
        if (!subject.rig->has(operation)) continue;
        Value arguments = fields("text", "hello", "on_undelivered", "fail");
        if (operation == std::string("open"))
            arguments =
                fields("key", "a", "summary", "s", "severity", "info", "on_undelivered", "fail");
        const Changed refused = subject.rig->change(operation, arguments);
        CHECK_FALSE(refused.done());
        CHECK(refused.error().code == "credentials_refused");
        CHECK(to_json(refused.error().to_value()).find("canary") == std::string::npos);
    }
    CHECK(subject.double_->changes() == 0);
}

}  // namespace perilune::test
