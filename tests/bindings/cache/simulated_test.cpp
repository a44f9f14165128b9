// The simulated store: the family's conformance, and what is its own: time, memory, roles, jobs.
#include <doctest/doctest.h>

#include "bindings/cache/cache.h"
#include "bindings/cache/glob.h"
#include "interpreter/base/json.h"
#include "tests/bindings/cache/cache_conformance.h"
#include "tests/support/simulated_rig.h"

namespace perilune::test {

namespace {

struct SimulatedStoreRig {
    Value get(const std::string& key) {
        const auto found = rig.observe("get", fields("key", key));
        REQUIRE(found.ok());
        return *found;
    }
    Value must(const std::string& operation, const Value& arguments = fields()) {
        const Changed made = rig.change(operation, arguments);
        REQUIRE_MESSAGE(made.done(), operation, ": ", made.error().message);
        return made.outcome.value;
    }
    void set(const std::string& key, const std::string& value) {
        must("set", fields("key", key, "value", value));
    }

    SimulatedStage stage;
    SimulatedRig rig{stage, cache_family, simulated_cache, "cache/sessions",
                     fields("sessions", "sess:*")};
};

}  // namespace

TEST_CASE("the_simulated_store_conforms_to_the_cache_family") {
    SimulatedStoreRig store;
    check_cache_conformance(store.rig);
    check_cache_patterns(store.rig);
}

TEST_CASE("the_simulated_store_has_every_operation_of_the_family") {
    SimulatedStoreRig store;
    for (const auto& row : cache_family.operations)
        CHECK_MESSAGE(store.rig.has(std::string(row.name)), row.name);
}

TEST_CASE("patterns_of_keys_match_as_in_redis") {
    const auto matches = [](const char* pattern, const char* text) {
        return matches_glob(pattern, text);
    };
    CHECK(matches("*", ""));
    CHECK(matches("sess:*", "sess:a/b"));
    CHECK_FALSE(matches("sess:*", "asess:1"));
    CHECK(matches("a*b*c", "a-b-b-c"));
    CHECK_FALSE(matches("a*b*c", "a-b-b-"));
    CHECK(matches("h?llo", "hallo"));
    CHECK_FALSE(matches("h?llo", "hllo"));
    CHECK(matches("h[a-c]llo", "hbllo"));
    CHECK_FALSE(matches("h[^a-c]llo", "hbllo"));
    CHECK(matches("h[!x]llo", "h!llo"));
    CHECK(matches("h\\*llo", "h*llo"));
    CHECK_FALSE(matches("h\\*llo", "hallo"));
    CHECK(matches("[\\]]", "]"));
    CHECK_FALSE(matches("", "a"));
}

TEST_CASE("a_key_of_the_simulated_store_is_gone_when_its_time_is_over") {
    SimulatedStoreRig store;
    store.must("set", fields("key", "k", "value", "v", "expires_in", "10m"));
    store.stage.pass(300);
    const double left_s = store.get("k")["ttl_s"].number();
    CHECK(left_s < 300);
    CHECK(left_s > 299);
    CHECK(store.rig.see()["keys"]["k"]["value"].text() == "v");
    store.stage.pass(300);
    CHECK(store.get("k").is_nil());
    CHECK_FALSE(store.rig.see()["keys"].has("k"));
    CHECK((*store.rig.observe("status", fields()))["keys"].number() == 0);
}

TEST_CASE("undo_gives_back_the_time_a_key_had_left") {
    SimulatedStoreRig store;
    store.must("set", fields("key", "k", "value", "old", "expires_in", "10m"));
    const Value wish = fields("key", "k", "value", "new");
    const Changed made = store.rig.change("set", wish);
    store.stage.pass(60);
    const Changed undone = store.rig.undo("set", wish, made);
    REQUIRE(undone.done());
    CHECK(undone.before.state == made.outcome.after);
    CHECK(store.get("k")["value"].text() == "old");
    CHECK(store.get("k")["ttl_s"].number() < 541);
}

TEST_CASE("a_simulated_store_that_is_gone_is_an_answer_and_a_change_of_it_was_not_sent") {
    SimulatedStoreRig store;
    store.set("a", "one");
    store.rig.control("fail");
    CHECK((*store.rig.observe("status", fields()))["reachable"] == Value(false));
    CHECK(store.rig.observe("get", fields("key", "a")).error().retry == Retry::safe);
    const Changed late = store.rig.change("set", fields("key", "a", "value", "two"));
    CHECK(late.kind() == "refused refused");
    CHECK(late.error().retry == Retry::safe);
    CHECK(store.rig.change("flush_sessions", fields()).kind() == "refused refused");
    CHECK(store.rig.change("snapshot", fields("name", "s")).kind() == "refused refused");
    store.rig.control("recover");
    CHECK(store.get("a")["value"].text() == "one");
    store.rig.control("restart");
    CHECK(store.get("a").is_nil());
}

TEST_CASE("sessions_are_deleted_and_nothing_else_in_the_simulated_store") {
    SimulatedStoreRig store;
    for (int i = 0; i < 12; ++i) store.set("sess:" + std::to_string(i), "x");
    store.set("cart:1", "x");
    CHECK(store.must("flush_sessions")["deleted"].number() == 12);
    CHECK(store.rig.see()["keys"].map().size() == 1);
    SimulatedRig bare(store.stage, cache_family, simulated_cache, "cache/bare");
    CHECK(bare.change("flush_sessions", fields()).kind() == "refused unsupported");
}

TEST_CASE("a_sweep_pauses_between_batches_and_stops_where_it_is_told_to") {
    SimulatedStoreRig store;
    for (int i = 0; i < 30; ++i) store.rig.control("put", fields("key", "n" + std::to_string(i)));
    Value sweep = fields("pattern", "n*", "delete_at_most", 30, "batch_keys", 10, "pause", "1s");
    const double began_s = boot_now_s();
    store.must("delete_matching", sweep);
    CHECK(boot_now_s() - began_s >= 2);
    CHECK(boot_now_s() - began_s < 3);
    for (int i = 0; i < 30; ++i) store.rig.control("put", fields("key", "n" + std::to_string(i)));
    store.rig.cancel = std::make_shared<Cancel>();
    store.rig.loop().start_timer(boot_now_s() + 1.5, [&store] { store.rig.cancel->ask(); });
    const Changed stopped = store.rig.change("delete_matching", sweep);
    CHECK(stopped.kind() == "failed");
    CHECK(stopped.outcome.left_some);
    const auto left = store.rig.see()["keys"].map().size();
    CHECK(left > 0);
    CHECK(left < 30);
}

TEST_CASE("a_full_store_refuses_or_forgets_what_was_used_longest_ago") {
    SimulatedStoreRig store;
    const std::string big(1000, 'x');
    store.set("a", big);
    store.set("b", big);
    store.rig.control("limit", fields("memory", 2500));
    const Changed full = store.rig.change("set", fields("key", "c", "value", big));
    CHECK(full.kind() == "failed");
    CHECK(full.error().message.find("OOM") != std::string::npos);
    store.set("a", std::string(900, 'y'));  // In the place of the old value there is room.
    store.get("b");
    store.rig.control("limit", fields("memory", 2500, "evicts", true));
    store.set("c", big);
    CHECK(store.get("a").is_nil());
    CHECK(store.get("b")["value"].text() == big);
    CHECK(store.rig.see()["evicted"].number() == 1);
    CHECK((*store.rig.observe("status", fields()))["memory_max_bytes"].number() == 2500);
}

TEST_CASE("a_simulated_replica_refuses_writes_until_it_is_promoted") {
    SimulatedStoreRig store;
    store.set("a", "one");
    store.rig.control("follow", fields("primary", "10.0.0.1:6379"));
    CHECK((*store.rig.observe("status", fields()))["role"].text() == "replica");
    CHECK(store.get("a")["value"].text() == "one");
    const Changed refused = store.rig.change("set", fields("key", "a", "value", "two"));
    CHECK(refused.kind() == "failed");
    CHECK(refused.error().message.find("READONLY") != std::string::npos);
    CHECK(store.rig.look("promote", fields(), "k").kind == Sighting::Kind::did_not);
    const Changed promoted = store.rig.change("promote", fields());
    REQUIRE(promoted.done());
    CHECK(promoted.outcome.value["primary_before"].text() == "10.0.0.1:6379");
    CHECK(store.rig.look("promote", fields(), "k").kind == Sighting::Kind::happened);
    CHECK_FALSE(store.rig.change("promote", fields()).acted);
    store.set("a", "two");
}

TEST_CASE("a_snapshot_takes_its_time_and_gives_back_what_it_held") {
    SimulatedStoreRig store;
    store.set("a", "one");
    store.must("set", fields("key", "short", "value", "x", "expires_in", "10m"));
    store.rig.control("takes", fields("snapshot", "5m", "restore", "2m"));
    store.rig.timeout_s = 3600;
    const double asked_s = boot_now_s();
    const Value made = store.must("snapshot", fields("name", "nightly"));
    CHECK(boot_now_s() - asked_s >= 300);
    CHECK(made["state"].text() == "complete");
    CHECK(made["kind"].text() == "snapshot");
    CHECK(store.rig.observe("list_snapshots", fields())->list().size() == 1);
    store.set("a", "two");
    store.set("b", "new");
    store.stage.pass(600);
    const Changed back = store.rig.change("restore", fields("backup", made["id"]));
    REQUIRE(back.done());
    CHECK(back.outcome.value["took_s"].number() == 120);
    CHECK(back.outcome.value["data_until_at"] == made["at"]);
    CHECK(store.get("a")["value"].text() == "one");
    CHECK(store.get("b").is_nil());
    CHECK(store.get("short").is_nil());  // Its time was over meanwhile.
    store.rig.control("lose_snapshot", fields("id", made["id"]));
    CHECK(store.rig.change("restore", fields("backup", made["id"])).kind() == "refused not_found");
}

TEST_CASE("a_snapshot_goes_on_where_its_call_has_ended_and_is_found_again") {
    SimulatedStoreRig store;
    store.set("a", "one");
    store.rig.control("takes", fields("snapshot", "5m"));
    const Value wish = fields("name", "nightly");
    CHECK(store.rig.change("snapshot", wish, "intent-1").kind() == "unknown");
    CHECK(store.rig.look("snapshot", wish, "intent-1").kind == Sighting::Kind::cannot_tell);
    const Value running = store.rig.observe("list_snapshots", fields())->list().at(0);
    CHECK(running["state"].text() == "running");
    CHECK(store.rig.change("restore", fields("backup", running["id"])).kind() ==
          "refused not_ready");
    store.rig.restart();
    store.stage.pass(300);
    const Sighting seen = store.rig.look("snapshot", wish, "intent-1");
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["id"] == running["id"]);
    CHECK(seen.value["changed"].boolean());
    CHECK(store.rig.look("snapshot", wish, "intent-2").kind == Sighting::Kind::did_not);
    // Asked for again with its key it is the same one, of the same moment.
    store.set("a", "two");
    CHECK(store.rig.change("snapshot", wish, "intent-1").outcome.value["id"] == running["id"]);
    CHECK(store.rig.see()["snapshots"].map().size() == 1);
    REQUIRE(store.rig.change("restore", fields("backup", running["id"])).done());
    CHECK(store.get("a")["value"].text() == "one");
}

TEST_CASE("a_purge_is_in_force_after_a_while_and_only_of_what_it_names") {
    SimulatedStoreRig store;
    const auto serve = [&](const std::string& url, const List& tags = {}) {
        store.rig.control("serve", fields("url", url, "tags", tags));
    };
    serve("https://shop.example.com/a/1", {"goods"});
    serve("https://shop.example.com/b/1");
    serve("https://other.example.com/a/1", {"goods"});
    serve("https://other.example.com/");
    const auto kept = [&] { return store.rig.see()["edge"].list().size(); };
    const Value first = store.must("purge", fields("prefixes", List{"shop.example.com/b"}));
    CHECK_FALSE(first["purge_id"].text().empty());
    CHECK(kept() == 3);
    store.must("purge", fields("tags", List{"goods"}));
    CHECK(store.rig.see()["edge"] == Value(List{"https://other.example.com/"}));
    store.must("purge", fields("urls", List{"https://other.example.com"}));
    CHECK(kept() == 1);
    store.rig.control("takes", fields("purge", 30));
    CHECK(store.rig.change("purge", fields("everything", "yes")).kind() == "unknown");
    CHECK(kept() == 1);
    store.stage.pass(30);
    CHECK(kept() == 0);
    CHECK(store.rig.see()["purges"].list().size() == 4);
}

TEST_CASE("the_simulated_store_shows_a_secret_as_a_digest_only") {
    SimulatedStoreRig store;
    store.rig.secrets["KEY"] = "t0p-secret";
    const Changed made = store.rig.change("set", fields("key", "k", "value", make_secret("KEY")));
    REQUIRE(made.done());
    CHECK(store.get("k")["value"].text() == "t0p-secret");
    for (const auto& shown : {made.outcome.after, made.outcome.value, store.rig.see()})
        CHECK(to_json(shown).find("t0p-secret") == std::string::npos);
}

TEST_CASE("what_is_no_text_and_what_others_do_is_met_in_the_simulated_store") {
    SimulatedStoreRig store;
    store.rig.control("put", fields("key", "queue", "kind", "list"));
    CHECK(store.rig.observe("get", fields("key", "queue")).error().code == "wrong_type");
    const Value wish = fields("key", "k", "value", "mine");
    const Changed made = store.rig.change("set", wish);
    store.rig.control("put", fields("key", "k", "value", "theirs", "expires_in", 60));
    const Changed undone = store.rig.undo("set", wish, made);
    CHECK_FALSE(undone.before.state == made.outcome.after);
    store.rig.control("delete", fields("key", "k"));
    CHECK(store.get("k").is_nil());
}

TEST_CASE("a_lost_answer_of_the_simulated_store_is_repeated_to_the_same_result") {
    SimulatedStoreRig store;
    store.set("k", "v");
    store.rig.fault(SimulatedFault::Kind::after, "delete");
    const Changed lost = store.rig.change("delete", fields("keys", List{"k"}));
    CHECK(lost.kind() == "unknown");
    CHECK(store.get("k").is_nil());
    Call call;
    call.operation = "delete";
    call.target = "cache/sessions";
    call.arguments = fields("keys", List{"k"});
    call.deadline_s = boot_now_s() + 20;
    const auto& handler = store.rig.driver().operations.at("delete");
    const Outcome again = store.rig.await(handler.act(call, lost.before.state));
    CHECK(again.value["deleted"].number() == 1);
    CHECK(again.value["changed"].boolean());
}

}  // namespace perilune::test
