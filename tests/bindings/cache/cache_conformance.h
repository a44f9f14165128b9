// What every driver of the cache family must do, whatever stands behind it.
//
// `rig` drives a store that the suite may change: it uses keys that begin with "conformance".
#pragma once

#include <functional>
#include <memory>

#include <doctest/doctest.h>

#include "tests/support/driver_rig.h"

namespace perilune::test {

inline void check_cache_conformance(DriverRig& rig) {
    const std::string key = "conformance:a";
    const auto get = [&] { return rig.observe("get", fields("key", key)); };
    const auto status = rig.observe("status", fields());
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
    CHECK((*status)["reachable"].boolean());
    CHECK((*status)["latency_s"].number() > 0);
    REQUIRE(get().ok());
    CHECK(get()->is_nil());
    const Changed made = rig.change("set", fields("key", key, "value", "one"));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["changed"].boolean());
    CHECK(made.before.sign == '+');
    CHECK((*get())["value"].text() == "one");
    CHECK_FALSE(get()->has("ttl_s"));
    CHECK_FALSE(rig.change("set", fields("key", key, "value", "one")).acted);
    const Changed replaced =
        rig.change("set", fields("key", key, "value", "two", "expires_in", "10m"));
    REQUIRE(replaced.done());
    CHECK((*get())["ttl_s"].number() > 590);
    REQUIRE(
        rig.undo("set", fields("key", key, "value", "two", "expires_in", "10m"), replaced).done());
    CHECK((*get())["value"].text() == "one");
    CHECK_FALSE(get()->has("ttl_s"));
    REQUIRE(rig.undo("set", fields("key", key, "value", "one"), made).done());
    CHECK(get()->is_nil());
    REQUIRE(rig.change("set", fields("key", key, "value", "kept", "expires_in", "10m")).done());
    const Value one = fields("keys", List{key});
    const Changed gone = rig.change("delete", one);
    REQUIRE(gone.done());
    CHECK(gone.outcome.value["deleted"].number() == 1);
    CHECK(get()->is_nil());
    REQUIRE(rig.undo("delete", one, gone).done());
    CHECK((*get())["value"].text() == "kept");
    CHECK((*get())["ttl_s"].number() > 500);
    CHECK(rig.change("delete", fields("keys", List{key, "conformance:b"}))
              .outcome.value["deleted"]
              .number() == 1);
    CHECK_FALSE(rig.change("delete", one).acted);
    CHECK(rig.change("set", fields("key", "", "value", "x")).kind() == "refused bad_argument");
}

// Of a store that can be searched.
inline void check_cache_patterns(DriverRig& rig) {
    for (int i = 0; i < 25; ++i)
        REQUIRE(rig.change("set", fields("key", "conformance:n" + std::to_string(i), "value", "v"))
                    .done());
    REQUIRE(rig.change("set", fields("key", "conformance:other", "value", "v")).done());
    CHECK(rig.observe("count", fields("pattern", "conformance:n*"))->number() == 25);
    const Value narrow =
        fields("pattern", "conformance:n*", "delete_at_most", 24, "batch_keys", 10);
    CHECK(rig.change("delete_matching", narrow).kind() == "refused too_many");
    CHECK(rig.observe("count", fields("pattern", "conformance:n*"))->number() == 25);
    const Value wide = fields("pattern", "conformance:n*", "delete_at_most", 25, "batch_keys", 10);
    const Changed swept = rig.change("delete_matching", wide);
    REQUIRE_MESSAGE(swept.done(), swept.error().message);
    CHECK(swept.outcome.value["deleted"].number() == 25);
    CHECK(rig.observe("count", fields("pattern", "conformance:*"))->number() == 1);
    CHECK_FALSE(rig.change("delete_matching", wide).acted);
}

}  // namespace perilune::test
