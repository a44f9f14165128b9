// A simulated store of secrets: the family's suite, and what tests do to it from outside.
#include <doctest/doctest.h>

#include "bindings/secrets/secrets.h"
#include "tests/bindings/secrets/secrets_conformance.h"
#include "tests/support/simulated_stage.h"

using namespace perilune;
using namespace perilune::test;

namespace {

const std::string app = "secrets/app";

struct Store : SimulatedStage {
    Store() : SimulatedStage(simulated_secrets, app), loop(make_loop()), calls(host()) {}

    CallRig host() {
        Services services{.loop = loop.loop()};
        auto driver = world.driver_of(app, services);
        return {loop, secrets_family, std::move(*driver), app};
    }
    Value tell(std::string_view name, const Value& arguments = {}) {
        return control(app, name, arguments);
    }

    LoopRig loop;
    CallRig calls;
};

Value handed(Store& store, const std::string& value) {
    store.calls.secrets["HANDED"] = value;
    return named("name", "a").set("value", make_secret("HANDED"));
}

}  // namespace

TEST_CASE("the_simulated_store_conforms_to_the_secrets_family") {
    Store store;
    check_secrets_conformance(store.calls);
}

TEST_CASE("no_look_shows_a_value_and_the_next_host_opens_what_the_first_one_put") {
    Store store;
    put(store.calls, "db/main", "hunter2hunter2");
    done(store.calls, "generate", named("name", "db/main").set("kind", "ed25519"));
    const std::string seen = to_json(store.look(app));
    CHECK(seen.find("hunter2") == std::string::npos);
    CHECK(seen.find("PRIVATE") == std::string::npos);
    CHECK(store.look(app)["secrets"]["db/main"]["stages"]["2"].text() == "pending");
    CallRig next = store.host();
    CHECK(opened(next, "db/main") == "hunter2hunter2");
    CHECK(store.look(app)["opened"]["db/main"].number() == 1);
}

TEST_CASE("one_seed_makes_the_same_values_and_another_one_others") {
    const auto made = [](const std::string& kind) {
        Store store;
        done(store.calls, "generate",
             named("name", "a").set("kind", kind).set("stage", "current").set("length", 20));
        return opened(store.calls, "a");
    };
    CHECK(made("random").size() == 40);
    CHECK(made("password").size() == 20);
    CHECK(made("random") == made("random"));
    Store store;
    done(store.calls, "generate", named("name", "a").set("stage", "current"));
    const std::string first = opened(store.calls, "a");
    done(store.calls, "generate", named("name", "b").set("stage", "current"));
    CHECK(opened(store.calls, "b") != first);
}

TEST_CASE("what_was_put_before_an_answer_was_lost_is_found_by_its_key") {
    Store store;
    put(store.calls, "a", "zero");
    const auto look = [&](const std::string& operation) {
        auto& made = store.calls.last();
        return store.loop.await(
            store.calls.driver().operations[operation].look(made.call, made.before.state));
    };
    for (const auto kind : {SimulatedFault::Kind::after, SimulatedFault::Kind::dropped}) {
        const bool happened = kind == SimulatedFault::Kind::after;
        const auto versions = [&] {
            return store.look(app)["secrets"]["a"]["stages"].map().size();
        };
        const auto before = versions();
        store.world.add_fault({.kind = kind, .target = app, .operation = "rotate"});
        REQUIRE_FALSE(store.calls.call("rotate", named("name", "a")).ok());
        CHECK(look("rotate").kind ==
              (happened ? Sighting::Kind::happened : Sighting::Kind::did_not));
        CHECK(look("rotate").value.has("version") == happened);
        CHECK(versions() == before + (happened ? 1 : 0));
        store.world.add_fault({.kind = kind, .target = app, .operation = "put"});
        REQUIRE_FALSE(store.calls.call("put", handed(store, happened ? "one" : "two")).ok());
        // Done again with its key, as recovery does, it is there once.
        REQUIRE(store.calls.act_again().ok());
        CHECK(versions() == before + (happened ? 2 : 1));
    }
}

TEST_CASE("a_rotation_makes_a_new_current_version_and_is_undone") {
    Store store;
    refused(store.calls, "rotate", named("name", "a"), "not_found");
    put(store.calls, "a", "one");
    const Value rotated = done(store.calls, "rotate", named("name", "a"));
    CHECK(rotated["stage"].text() == "current");
    CHECK(opened(store.calls, "a") != "one");
    // Recovery of the very same call rotates no second time.
    CHECK((*store.calls.act_again())["version"] == rotated["version"]);
    undone(store.calls);
    CHECK(opened(store.calls, "a") == "one");
}

TEST_CASE("secrets_grow_old_are_lost_and_put_by_others") {
    Store store;
    store.tell("put", named("name", "a").set("value", "theirs"));
    CHECK(opened(store.calls, "a") == "theirs");
    const List rules = {named("prefix", "").set("older_than", "30d")};
    CHECK(done(store.calls, "due", named("rules", rules)).list().empty());
    store.pass(31 * 86400.0);
    CHECK(done(store.calls, "due", named("rules", rules)).list().size() == 1);
    store.tell("put", named("name", "b").set("value", "old"));
    store.tell("make_older", named("name", "b").set("by_s", 90 * 86400.0));
    const Value due = done(store.calls, "due", named("rules", rules));
    REQUIRE(due.list().size() == 2);
    CHECK(due.list()[0]["name"].text() == "b");
    store.tell("forget", named("name", "a"));
    CHECK(opened(store.calls, "a") == "none");
    CHECK(store.world.find(app)->control("forget", named("name", "a")).error().code == "not_found");
}

TEST_CASE("a_handle_of_a_version_that_was_retired_since_opens_no_more") {
    Store store;
    put(store.calls, "a", "one");
    put(store.calls, "a", "two");
    SecretProvider* provider = provider_of(store.calls.driver());
    CHECK(*provider->fetch("a", "1") == "one");
    done(store.calls, "retire", named("name", "a").set("version", "1"));
    CHECK(provider->fetch("a", "1").error().code == "missing_secret");
    done(store.calls, "delete", named("name", "a"));
    CHECK(provider->fetch("a", "").error().code == "missing_secret");
}

TEST_CASE("a_sealed_store_opens_nothing_until_it_is_unsealed") {
    Store store;
    put(store.calls, "a", "one");
    const Value handle = done(store.calls, "read", named("name", "a"));
    REQUIRE(handle.is_secret());
    store.tell("seal");
    CHECK(provider_of(store.calls.driver())->fetch("a", "").error().code == "store_sealed");
    refused(store.calls, "describe", named("name", "a"), "store_sealed");
    refused(store.calls, "put", handed(store, "two"), "store_sealed");
    store.tell("unseal");
    CHECK(opened(store.calls, "a") == "one");
}
