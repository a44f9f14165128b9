// What every storage driver must do. A driver's test calls run_storage_conformance with a function
// that makes it, empty, as the target "storage/under-test"; what a driver lacks is passed over.
#pragma once

#include <functional>
#include <memory>

#include <doctest/doctest.h>

#include "bindings/storage/storage.h"
#include "tests/bindings/storage/memory_objects.h"
#include "tests/bindings/storage/storage_conformance_rules.h"
#include "tests/bindings/storage/storage_conformance_versions.h"
#include "tests/bindings/storage/targets_rig.h"

namespace perilune::test {

inline void check_storage_basics(StorageRig& rig) {
    SUBCASE("gives_nil_for_what_is_not_there") {
        CHECK(rig.observe("head", {{"key", "none"}})->is_nil());
        CHECK(rig.observe("get", {{"key", "none"}})->is_nil());
        CHECK(rig.observe("list")->list().empty());
        CHECK(rig.observe("digest", {{"key", "none"}}).error().code == "not_found");
    }
    SUBCASE("reads_back_what_was_put") {
        const std::string body = std::string("bytes \0 and \xff", 13);
        const auto put =
            rig.change("put", {{"key", "a/b.bin"}, {"body", body}, {"content_type", "image/png"}});
        REQUIRE(put.ok());
        CHECK(put.value()["changed"].boolean());
        CHECK(put.value()["key"].text() == "a/b.bin");
        CHECK(put.value()["size_bytes"].number() == 13);
        const auto got = rig.observe("get", {{"key", "a/b.bin"}});
        CHECK((*got)["body"].text() == body);
        CHECK((*got)["content_type"].text() == "image/png");
        CHECK((*got)["modified_at"].number() > 1.7e9);
        CHECK(rig.observe("digest", {{"key", "a/b.bin"}})->text() == to_hex(sha256(body)));
        CHECK(rig.observe("get", {{"key", "a/b.bin"}, {"body_max", 12}}).error().code ==
              "too_large");
    }
    SUBCASE("changes_nothing_where_content_and_type_are_the_same") {
        REQUIRE(rig.put("same", "one").ok());
        const auto again = rig.put("same", "one");
        CHECK(again.already_so);
        CHECK_FALSE(again.value()["changed"].boolean());
        const auto typed =
            rig.change("put", {{"key", "same"}, {"body", "one"}, {"content_type", "text/plain"}});
        CHECK(typed.value()["changed"].boolean());
    }
    SUBCASE("lists_by_key_with_prefix_limit_and_after") {
        for (const char* key : {"b/2", "a", "b/1", "b-3", "c"}) REQUIRE(rig.put(key, key).ok());
        CHECK(rig.keys({}) == "a b-3 b/1 b/2 c");
        CHECK(rig.keys({{"prefix", "b"}}) == "b-3 b/1 b/2");
        CHECK(rig.keys({{"prefix", "b/"}}) == "b/1 b/2");
        CHECK(rig.keys({{"limit", 2}}) == "a b-3");
        CHECK(rig.keys({{"limit", 2}, {"after", "b-3"}}) == "b/1 b/2");
    }
    SUBCASE("deletes_and_says_whether_there_was_anything") {
        REQUIRE(rig.put("gone", "x").ok());
        CHECK(rig.change("delete", {{"key", "gone"}}).value()["changed"].boolean());
        CHECK(rig.observe("head", {{"key", "gone"}})->is_nil());
        CHECK_FALSE(rig.change("delete", {{"key", "gone"}}).value()["changed"].boolean());
    }
    SUBCASE("copies_within_the_target") {
        REQUIRE(rig.put("from", "content").ok());
        const auto copy = rig.change("copy", {{"key", "from"}, {"to_key", "to/here"}});
        REQUIRE(copy.ok());
        CHECK(rig.body("to/here") == "content");
        CHECK(rig.change("copy", {{"key", "none"}, {"to_key", "x"}}).code() == "not_found");
    }
}

inline void check_storage_conditions(StorageRig& rig) {
    SUBCASE("puts_only_where_the_key_is_absent") {
        CHECK(rig.put("lock", "mine", "absent").ok());
        const auto second = rig.put("lock", "mine", "absent");
        CHECK(second.code() == "precondition_failed");
        CHECK(rig.put("lock", "other", "absent").code() == "precondition_failed");
        CHECK(rig.body("lock") == "mine");
    }
    SUBCASE("puts_only_over_the_digest_it_was_told") {
        REQUIRE(rig.put("state", "1").ok());
        const std::string one = to_hex(sha256("1"));
        CHECK(rig.put("state", "2", one).message() == "");
        CHECK(rig.put("state", "3", one).code() == "precondition_failed");
        CHECK(rig.put("none", "3", one).code() == "precondition_failed");
        CHECK(rig.put("state", "3", "absentt").code() == "bad_argument");
        CHECK(rig.body("state") == "2");
    }
    SUBCASE("acts_again_after_a_crash_with_the_same_result") {
        auto put = rig.put("again", "x", "absent");
        REQUIRE(put.ok());
        const Value first = put.value();
        rig.rig->act(put);
        CHECK(put.value() == first);
        auto removed = rig.change("delete", {{"key", "again"}});
        const Value gone = removed.value();
        rig.rig->act(removed);
        CHECK(removed.value() == gone);
    }
    SUBCASE("undoes_a_first_put_by_deleting") {
        const auto put = rig.put("new", "x");
        CHECK(rig.rig->undo(put).ok());
        CHECK(rig.observe("head", {{"key", "new"}})->is_nil());
    }
    SUBCASE("sees_at_undo_that_the_object_changed_since") {
        const auto put = rig.put("new", "x");
        REQUIRE(rig.put("new", "somebody else's").ok());
        CHECK(rig.rig->undo(put).code() == "undo_conflict");
        CHECK(rig.body("new") == "somebody else's");
    }
}

inline void check_storage_stream(StorageRig& rig) {
    ObjectPort& port = *rig.rig->driver(rig.target).objects;
    const auto begin = [&](const std::string& key) {
        return rig.off_loop([&] { return port.write_object(key); });
    };
    const auto write = [&](ByteSink& sink, const std::string& bytes) {
        return rig.off_loop([&] { return sink.write(bytes); }).ok();
    };
    const auto read = [&](ByteSource& source, std::size_t bytes_max) {
        return rig.off_loop([&] { return source.read(bytes_max); }).value();
    };
    SUBCASE("shows_a_streamed_object_only_when_it_is_whole") {
        auto sink = begin("stream/1");
        REQUIRE(sink.ok());
        REQUIRE(write(**sink, "first "));
        CHECK(rig.off_loop([&] { return port.head_object("stream/1"); })->is_nil());
        CHECK(rig.keys({}).empty());
        REQUIRE(write(**sink, "second"));
        const auto stored = rig.off_loop([&] { return (*sink)->commit(); });
        REQUIRE(stored.ok());
        CHECK((*stored)["size_bytes"].number() == 12);
        CHECK((*stored)["digest"].text() == to_hex(sha256("first second")));
        CHECK(rig.body("stream/1") == "first second");
        auto source = rig.off_loop([&] { return port.read_object("stream/1"); });
        REQUIRE(source.ok());
        CHECK(read(**source, 5) == "first");
        CHECK(read(**source, 100) == " second");
        CHECK(read(**source, 100).empty());
        CHECK(rig.off_loop([&] { return port.delete_object("stream/1"); }).ok());
        const auto gone = rig.off_loop([&] { return port.read_object("stream/1"); });
        CHECK(gone.error().code == "not_found");
    }
    SUBCASE("leaves_nothing_of_an_abandoned_stream") {
        auto sink = begin("stream/2");
        REQUIRE(write(**sink, "half"));
        rig.off_loop([&] {
            (*sink)->abandon();
            return true;
        });
        CHECK(rig.keys({}).empty());
        CHECK(rig.off_loop([&] { return port.list_objects(""); })->list().empty());
    }
}

// Makes the driver, empty, in a rig that has "storage/other" too.
using MakeStorage = std::function<std::unique_ptr<StorageRig>()>;

inline void run_storage_conformance(const MakeStorage& make) {
    const auto rig = make();
    for (const auto& row : storage_family.operations)
        if (row.everywhere) CHECK(rig->rig->has(rig->target, std::string(row.name)));
    check_storage_basics(*rig);
    check_storage_conditions(*rig);
    check_storage_stream(*rig);
    if (rig->has("versions")) check_storage_versions(*rig);
    if (rig->has("versions")) check_storage_version_rules(*rig);
    if (rig->has("restore_prefix")) check_storage_prefixes(*rig);
    check_storage_bulk(*rig);
    check_storage_rules(*rig);
    check_storage_between_targets(*rig);
}

}  // namespace perilune::test
