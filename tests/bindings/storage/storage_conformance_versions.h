// The part of the storage conformance suite about versions, many objects and other targets.
#pragma once

#include <memory>

#include <doctest/doctest.h>

#include "bindings/storage/storage.h"
#include "tests/bindings/storage/memory_objects.h"
#include "tests/bindings/storage/targets_rig.h"

namespace perilune::test {

// A storage driver under test, with shorthands.
struct StorageRig {
    virtual ~StorageRig() = default;
    std::unique_ptr<TargetsRig> rig;
    std::string target = "storage/under-test";
    std::shared_ptr<MemoryObjects> other;  // The target "storage/other".
    std::shared_ptr<void> keeps;           // What must live as long as the driver.
    double moment_s = 0;  // How far apart two versions must be for a moment between them.

    bool has(const std::string& operation) { return rig->has(target, operation); }
    Result<Value> observe(const std::string& operation, const Map& arguments = {}) {
        return rig->observe(target, operation, arguments);
    }
    Change change(const std::string& operation, const Map& arguments = {}) {
        return rig->change(target, operation, arguments);
    }
    Change put(const std::string& key, const std::string& body,
               const std::string& only_if = "any") {
        return change("put", {{"key", key}, {"body", body}, {"only_if", only_if}});
    }
    std::string body(const std::string& key) {
        const auto got = observe("get", {{"key", key}});
        if (!got.ok()) return got.error().code;
        return got->is_nil() ? "absent" : (*got)["body"].text();
    }
    std::string keys(const Map& arguments) {
        std::string keys;
        const auto listed = observe("list", arguments);
        for (const auto& object : listed->list())
            keys += (keys.empty() ? "" : " ") + object["key"].text();
        return keys;
    }
    // Does what may wait on a thread of its own, as those do who use another driver's objects.
    template <class Work>
    auto off_loop(Work work) {
        using Made = decltype(work());
        return rig->await(perilune::off_loop<Made>(rig->services().loop, std::move(work)));
    }
    // The moment of the current version: between it and the next one, it is current.
    double modified_at(const std::string& key) {
        const auto head = observe("head", {{"key", key}});
        const double at_s = (*head)["modified_at"].number() + moment_s;
        if (moment_s > 0) rig->wait_for_wall_clock(at_s);
        return moment_s > 0 ? at_s - 0.001 : at_s;
    }
};

inline void check_storage_versions(StorageRig& rig) {
    SUBCASE("keeps_replaced_content_newest_first") {
        REQUIRE(rig.put("doc", "one").ok());
        REQUIRE(rig.put("doc", "two").ok());
        REQUIRE(rig.change("delete", {{"key", "doc"}}).ok());
        const auto versions = rig.observe("versions", {{"key", "doc"}});
        REQUIRE(versions->list().size() == 3);
        CHECK(versions->list()[0]["deleted"].boolean());
        CHECK(versions->list()[1]["digest"].text() == to_hex(sha256("two")));
        CHECK(versions->list()[2]["digest"].text() == to_hex(sha256("one")));
        const auto old =
            rig.observe("get", {{"key", "doc"}, {"version", versions->list()[2]["version"]}});
        CHECK((*old)["body"].text() == "one");
        CHECK(rig.observe("head", {{"key", "doc"}, {"version", "none"}})->is_nil());
    }
    SUBCASE("undoes_a_put_a_copy_and_a_delete_by_the_version_before") {
        REQUIRE(rig.put("doc", "one").ok());
        const auto two = rig.put("doc", "two");
        CHECK(rig.rig->undo(two).ok());
        CHECK(rig.body("doc") == "one");
        const auto gone = rig.change("delete", {{"key", "doc"}});
        CHECK(rig.rig->undo(gone).ok());
        CHECK(rig.body("doc") == "one");
        REQUIRE(rig.put("source", "three").ok());
        const auto copy = rig.change("copy", {{"key", "source"}, {"to_key", "doc"}});
        CHECK(rig.body("doc") == "three");
        CHECK(rig.rig->undo(copy).ok());
        CHECK(rig.body("doc") == "one");
    }
    SUBCASE("restores_by_version_and_by_time_and_takes_that_back") {
        REQUIRE(rig.put("doc", "one").ok());
        const double one_at = rig.modified_at("doc");
        REQUIRE(rig.put("doc", "two").ok());
        const auto by_time = rig.change("restore_version", {{"key", "doc"}, {"at", one_at}});
        REQUIRE_MESSAGE(by_time.ok(), by_time.message());
        CHECK(rig.body("doc") == "one");
        CHECK(rig.rig->undo(by_time).ok());
        CHECK(rig.body("doc") == "two");
        const auto again = rig.change("restore_version", {{"key", "doc"}, {"at", 4e9}});
        CHECK_FALSE(again.value()["changed"].boolean());
        CHECK(rig.change("restore_version", {{"key", "doc"}, {"at", one_at - 1}}).code() ==
              "not_found");
        CHECK(rig.change("restore_version", {{"key", "doc"}, {"version", "none"}}).code() ==
              "not_found");
    }
    SUBCASE("brings_back_what_was_deleted_and_its_undo_deletes_it_again") {
        REQUIRE(rig.put("doc", "one").ok());
        const double at = rig.modified_at("doc");
        REQUIRE(rig.change("delete", {{"key", "doc"}}).ok());
        const auto back = rig.change("restore_version", {{"key", "doc"}, {"at", at}});
        CHECK(rig.body("doc") == "one");
        CHECK(rig.rig->undo(back).ok());
        CHECK(rig.body("doc") == "absent");
    }
}

inline void check_storage_version_rules(StorageRig& rig) {
    SUBCASE("removes_an_old_version_for_good") {
        REQUIRE(rig.put("doc", "one").ok());
        const auto two = rig.put("doc", "two");
        const Value old = two.value()["previous_version"];
        REQUIRE(old.is_text());
        const auto removed = rig.change("delete", {{"key", "doc"}, {"version", old}});
        CHECK(removed.value()["changed"].boolean());
        CHECK_FALSE(rig.rig->reversal(removed).has_value());
        CHECK(rig.body("doc") == "two");
        CHECK(rig.change("restore_version", {{"key", "doc"}, {"version", old}}).code() ==
              "not_found");
    }
    SUBCASE("switches_versioning_and_takes_that_back") {
        if (!rig.has("set_versioning")) return;
        const auto off = rig.change("set_versioning", {{"state", "off"}});
        CHECK((*rig.observe("settings"))["versioning"].text() == "off");
        REQUIRE(rig.put("doc", "one").ok());
        const auto two = rig.put("doc", "two");
        CHECK_FALSE(rig.rig->reversal(two).has_value());
        CHECK(rig.rig->undo(off).ok());
        CHECK((*rig.observe("settings"))["versioning"].text() == "on");
    }
}

inline void check_storage_prefixes(StorageRig& rig) {
    SUBCASE("brings_a_prefix_back_to_a_moment_and_forward_again") {
        REQUIRE(rig.put("site/kept", "k").ok());
        REQUIRE(rig.put("site/deleted", "d").ok());
        REQUIRE(rig.put("site/changed", "old").ok());
        const double at = rig.modified_at("site/changed");
        REQUIRE(rig.put("elsewhere", "e").ok());
        REQUIRE(rig.change("delete", {{"key", "site/deleted"}}).ok());
        REQUIRE(rig.put("site/changed", "new").ok());
        REQUIRE(rig.put("site/added", "a").ok());
        auto back = rig.change("restore_prefix", {{"prefix", "site/"}, {"at", at}});
        REQUIRE(back.ok());
        CHECK(back.value()["restored"].number() == 3);
        CHECK(back.value()["unchanged"].number() == 1);
        CHECK(rig.keys({}) == "elsewhere site/changed site/deleted site/kept");
        CHECK(rig.body("site/changed") == "old");
        CHECK(rig.rig->undo(back).ok());
        CHECK(rig.keys({}) == "elsewhere site/added site/changed site/kept");
        CHECK(rig.body("site/changed") == "new");
    }
    SUBCASE("undoes_the_deletion_of_many_also_after_it_was_done_in_two_tries") {
        for (const char* key : {"x/1", "x/2", "y"}) REQUIRE(rig.put(key, key).ok());
        auto gone = rig.change("delete_many", {{"prefix", "x/"}, {"delete_at_most", 2}});
        CHECK(gone.value()["deleted"].number() == 2);
        const Value first = gone.value();
        rig.rig->act(gone);
        CHECK(gone.value() == first);
        CHECK(rig.rig->undo(gone).ok());
        CHECK(rig.keys({}) == "x/1 x/2 y");
    }
    SUBCASE("undoes_the_deletion_of_named_keys_and_of_no_others") {
        for (const char* key : {"1", "2", "3"}) REQUIRE(rig.put(key, "old").ok());
        const auto gone =
            rig.change("delete_many", {{"keys", List{"1", "3", "none"}}, {"delete_at_most", 5}});
        CHECK(gone.value()["deleted"].number() == 2);
        REQUIRE(rig.put("2", "new").ok());
        CHECK(rig.rig->undo(gone).ok());
        CHECK(rig.body("1") == "old");
        CHECK(rig.body("2") == "new");
    }
}

inline void check_storage_bulk(StorageRig& rig) {
    SUBCASE("deletes_nothing_where_too_many_would_go") {
        if (!rig.has("delete_many")) return;
        for (const char* key : {"1", "2", "3"}) REQUIRE(rig.put(key, key).ok());
        const auto refused = rig.change("delete_many", {{"prefix", ""}, {"delete_at_most", 2}});
        CHECK(refused.code() == "too_many_deletions");
        CHECK(rig.keys({}) == "1 2 3");
    }
    SUBCASE("prunes_by_retention_and_keeps_the_newest") {
        if (!rig.has("prune")) return;
        for (const char* key : {"d/1", "d/2", "d/3", "e"}) REQUIRE(rig.put(key, key).ok());
        const Map arguments = {{"prefix", "d/"},
                               {"keep", Map{{"last", 1}}},
                               {"keep_at_least", 2},
                               {"delete_at_most", 0}};
        CHECK(rig.change("prune", arguments).code() == "too_many_deletions");
        Map allowed = arguments;
        allowed["delete_at_most"] = 1;
        const auto pruned = rig.change("prune", allowed);
        REQUIRE(pruned.ok());
        CHECK(pruned.value()["removed"] == Value(List{"d/1"}));
        CHECK(rig.keys({}) == "d/2 d/3 e");
    }
    SUBCASE("verifies_a_manifest_and_names_every_failure") {
        if (!rig.has("verify")) return;
        REQUIRE(rig.put("good", "g").ok());
        REQUIRE(rig.put("bad", "b").ok());
        const Value good = to_hex(sha256("g"));
        CHECK(rig.observe("verify", {{"manifest", Map{{"good", good}}}}).ok());
        const auto failed = rig.observe(
            "verify", {{"manifest", Map{{"good", good}, {"bad", good}, {"none", good}}}});
        REQUIRE_FALSE(failed.ok());
        CHECK(failed.error().code == "check_failed");
        CHECK(failed.error().message.find("bad:") != std::string::npos);
        CHECK(failed.error().message.find("none: not there") != std::string::npos);
        CHECK(failed.error().detail.list().size() == 3);
    }
    SUBCASE("adds_up_usage") {
        if (!rig.has("usage")) return;
        REQUIRE(rig.put("u/1", "12345").ok());
        REQUIRE(rig.put("u/2", "123").ok());
        CHECK((*rig.observe("usage", {{"prefix", "u/"}}))["size_bytes"].number() == 8);
        CHECK((*rig.observe("usage"))["objects"].number() == 2);
    }
}

inline void check_storage_between_targets(StorageRig& rig) {
    SUBCASE("copies_to_another_target") {
        REQUIRE(rig.put("here", "content").ok());
        const Map arguments = {{"key", "here"}, {"to_key", "there"}, {"to", "storage/other"}};
        CHECK(rig.change("copy", arguments).value()["changed"].boolean());
        CHECK(rig.other->get("there") == "content");
        CHECK(rig.change("copy", arguments).already_so);
    }
    SUBCASE("compares_and_syncs_with_another_target") {
        if (!rig.has("sync") || !rig.has("compare")) return;
        rig.other->states_digests = false;
        rig.other->put("p/same", "s");
        rig.other->put("p/new", "n");
        rig.other->put("p/changed", "2");
        for (const char* key : {"p/same", "p/changed", "p/extra"})
            REQUIRE(rig.put(key, std::string(1, key[2])).ok());
        const auto found = rig.observe("compare", {{"with", "storage/other"}, {"prefix", "p/"}});
        CHECK((*found)["missing"] == Value(List{"p/new"}));
        CHECK((*found)["different"] == Value(List{"p/changed"}));
        CHECK((*found)["extra"] == Value(List{"p/extra"}));
        CHECK((*found)["same"].number() == 1);
        Map sync = {{"from", "storage/other"}, {"prefix", "p/"}, {"extra", "delete"}};
        CHECK(rig.change("sync", sync).code() == "bad_argument");
        sync["delete_at_most"] = 0;
        CHECK(rig.change("sync", sync).code() == "too_many_deletions");
        CHECK(rig.body("p/new") == "absent");
        sync["delete_at_most"] = 1;
        const auto synced = rig.change("sync", sync);
        REQUIRE(synced.ok());
        CHECK(synced.value()["deleted"].number() == 1);
        CHECK(rig.keys({}) == "p/changed p/new p/same");
        CHECK(rig.body("p/changed") == "2");
        rig.other->states_digests = true;
        CHECK(rig.change("sync", sync).already_so);
    }
}

}  // namespace perilune::test
