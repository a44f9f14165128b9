// The part of the database conformance suite about backups and restores.
#pragma once

#include "tests/bindings/database/database_conformance_stop.h"

namespace perilune::test {

inline void check_database_backups(DatabaseRig& rig) {
    SUBCASE("backs_up_lists_and_verifies_with_each_compression") {
        rig.fill();
        for (const char* compression : {"zstd", "gzip", "none"}) {
            CAPTURE(compression);
            auto made = rig.backup(compression, {{"compression", compression}});
            REQUIRE(made.ok());
            CHECK(made.value()["state"].text() == "complete");
            CHECK(made.value()["kind"].text() == "dump");
            CHECK(made.value()["digest"].text() == to_hex(sha256(rig.storage->get(compression))));
            CHECK(rig.rig->look(made).value == made.value());
            const auto verified = rig.observe(
                "verify_backup",
                {{"backup", made.value()["id"]}, {"counts", Map{{"items", Map{{"min", 5}}}}}});
            CHECK(verified.ok());
        }
        const auto listed = rig.observe("list_backups");
        REQUIRE(listed->list().size() == 3);
        CHECK(listed->list()[0]["at"].number() >= listed->list()[2]["at"].number());
        CHECK(rig.observe("list_backups", {{"limit", 1}})->list().size() == 1);
        CHECK(rig.observe("list_backups", {{"kind", "continuous"}})->list().empty());
    }
    SUBCASE("overwrites_only_where_it_is_told_to") {
        rig.fill();
        REQUIRE(rig.backup("daily").ok());
        const std::string first = rig.storage->get("daily");
        CHECK(rig.backup("daily").code() == "already_exists");
        CHECK(rig.storage->get("daily") == first);
        rig.storage->put("taken", "somebody else's");
        CHECK(rig.backup("taken").code() == "already_exists");
        REQUIRE(rig.execute("delete from items").ok());
        CHECK(rig.backup("daily", {{"overwrite", "replace"}}).ok());
        CHECK(rig.storage->get("daily") != first);
        CHECK(rig.observe("verify_backup", {{"backup", rig.id("daily")}}).ok());
    }
    SUBCASE("does_a_backup_once_also_when_it_is_acted_again") {
        rig.fill();
        auto made = rig.backup("daily");
        const Value first = made.value();
        REQUIRE(rig.execute("delete from items").ok());
        rig.rig->act(made);
        CHECK(made.value() == first);
    }
}

inline void check_database_backup_faults(DatabaseRig& rig) {
    SUBCASE("finds_damage_and_truncation_of_a_backup") {
        rig.fill();
        for (const char* compression : {"zstd", "gzip", "none"}) {
            CAPTURE(compression);
            REQUIRE(rig.backup(compression, {{"compression", compression}}).ok());
            const std::string good = rig.storage->get(compression);
            const auto found = [&](const std::string& bytes) {
                rig.storage->put(compression, bytes);
                const auto verified =
                    rig.observe("verify_backup", {{"backup", rig.id(compression)}});
                return verified.ok() ? "" : verified.error().code;
            };
            CHECK(found(good) == "");
            CHECK(found(good.substr(0, good.size() - 1)) == "check_failed");
            CHECK(found(good.substr(0, good.size() / 2)) == "check_failed");
            CHECK(found("") == "check_failed");
            CHECK(found(good + "x") == "check_failed");
            for (std::size_t at : {std::size_t{0}, good.size() / 3, good.size() - 1}) {
                std::string damaged = good;
                damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
                CHECK(found(damaged) == "check_failed");
            }
            const auto listed = rig.observe("list_backups");
            for (const auto& backup : listed->list())
                if (backup["key"].text() == compression) CHECK(backup["state"].text() == "failed");
        }
    }
    SUBCASE("names_the_counts_that_a_backup_fails") {
        rig.fill();
        REQUIRE(rig.backup("daily").ok());
        const auto failed = rig.observe(
            "verify_backup", {{"backup", rig.id("daily")},
                              {"counts", Map{{"items", Map{{"min", 6}}}, {"none", Map{}}}}});
        REQUIRE_FALSE(failed.ok());
        CHECK(failed.error().message.find("rows of items") != std::string::npos);
        CHECK(failed.error().message.find("rows of none") != std::string::npos);
    }
    SUBCASE("leaves_nothing_that_looks_like_a_backup_where_the_storage_fails") {
        rig.fill();
        rig.storage->fails_after_bytes = 1000;
        CHECK_FALSE(rig.backup("half", {{"compression", "none"}}).ok());
        rig.storage->fails_after_bytes = -1;
        const auto listed = rig.observe("list_backups");
        for (const auto& backup : listed->list()) CHECK(backup["state"].text() != "complete");
        CHECK(rig.backup("half").ok());
    }
    SUBCASE("deletes_and_prunes_backups") {
        if (!rig.has("prune_backups")) return;
        rig.fill();
        for (const char* key : {"1", "2", "3"}) REQUIRE(rig.backup(key).ok());
        const auto gone = rig.change("delete_backup", {{"backup", rig.id("2")}});
        CHECK(gone.value()["changed"].boolean());
        CHECK(rig.change("delete_backup", {{"backup", rig.id("2")}}).already_so);
        Map prune = {{"keep", Map{{"last", 1}}}, {"keep_at_least", 1}, {"delete_at_most", 0}};
        CHECK(rig.change("prune_backups", prune).code() == "too_many_deletions");
        prune["delete_at_most"] = 1;
        const auto pruned = rig.change("prune_backups", prune);
        REQUIRE(pruned.ok());
        CHECK(pruned.value()["removed"] == Value(List{rig.id("1")}));
        CHECK(rig.observe("list_backups")->list().size() == 1);
        CHECK(rig.storage->count() == 2);
    }
}

inline void check_database_restores(DatabaseRig& rig) {
    SUBCASE("restores_and_takes_the_restore_back") {
        rig.fill();
        const std::string then = rig.digest("items");
        REQUIRE(rig.backup("good").ok());
        REQUIRE(rig.execute("delete from items where id > 2").ok());
        REQUIRE(rig.execute("create table later (x integer)").ok());
        const std::string spoilt = rig.digest("items");
        auto restored = rig.change("restore", {{"backup", rig.id("good")}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK(restored.value()["data_until_at"].number() > 1.7e9);
        CHECK(rig.digest("items") == then);
        CHECK(rig.count("later") == -1);
        CHECK(rig.rig->look(restored).kind == Sighting::Kind::happened);
        // What is found later is the same, but for the time after the marker was written.
        const Value found = rig.rig->look(restored).value;
        CHECK(found["previous"] == restored.value()["previous"]);
        CHECK(found["data_until_at"] == restored.value()["data_until_at"]);
        CHECK(found["took_s"].number() <= restored.value()["took_s"].number());
        const auto undone = rig.rig->undo(restored);
        REQUIRE(undone.ok());
        CHECK(rig.digest("items") == spoilt);
        CHECK(rig.count("later") == 0);
    }
    SUBCASE("does_not_restore_again_over_what_was_written_since") {
        rig.fill();
        REQUIRE(rig.backup("good").ok());
        auto restored = rig.change("restore", {{"backup", rig.id("good")}});
        REQUIRE(rig.execute("insert into items (id) values (6)").ok());
        rig.rig->act(restored);
        CHECK(restored.ok());
        CHECK(rig.count("items") == 6);
        CHECK(rig.rig->undo(restored).code() == "undo_conflict");
    }
    SUBCASE("restores_the_newest_backup_not_after_a_moment") {
        rig.fill();
        const auto one = rig.backup("one");
        REQUIRE(rig.execute("delete from items where id = 1").ok());
        const auto two = rig.backup("two");
        REQUIRE(rig.execute("delete from items").ok());
        const double between = (one.value()["at"].number() + two.value()["at"].number()) / 2;
        REQUIRE(rig.change("restore", {{"at", between}}).ok());
        CHECK(rig.count("items") == 5);
        REQUIRE(rig.change("restore", {{"at", two.value()["at"]}}).ok());
        CHECK(rig.count("items") == 4);
        CHECK(rig.change("restore", {{"at", one.value()["at"].number() - 1}}).code() ==
              "not_found");
    }
}

inline void check_database_refused_restores(DatabaseRig& rig) {
    SUBCASE("touches_nothing_where_the_backup_is_damaged") {
        rig.fill();
        REQUIRE(rig.backup("good").ok());
        REQUIRE(rig.execute("delete from items where id = 1").ok());
        std::string damaged = rig.storage->get("good");
        damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
        rig.storage->states_digests = false;
        rig.storage->put("good", damaged);
        const auto refused = rig.change("restore", {{"backup", rig.id("good")}});
        CHECK(refused.code() == "check_failed");
        CHECK(rig.count("items") == 4);
        CHECK(rig.change("restore", {{"backup", rig.id("none")}}).code() == "not_found");
    }
    SUBCASE("keeps_nothing_where_it_is_told_so_and_then_there_is_no_undo") {
        rig.fill();
        REQUIRE(rig.backup("good").ok());
        const auto restored =
            rig.change("restore", {{"backup", rig.id("good")}, {"keep_previous", 0}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK_FALSE(restored.value().has("previous"));
        CHECK_FALSE(rig.rig->reversal(restored).has_value());
    }
    SUBCASE("fences_so_that_writes_fail_and_lets_them_again") {
        if (!rig.has("fence")) return;
        rig.fill();
        const auto fenced = rig.change("fence", {{"how", "read_only"}});
        if (fenced.code() == "not_supported") return;
        REQUIRE(fenced.ok());
        CHECK_FALSE((*rig.observe("status"))["writable"].boolean());
        CHECK_FALSE(rig.execute("delete from items").ok());
        CHECK(rig.count("items") == 5);
        CHECK(rig.observe("wait_writable", {{"within", 0.3}}).error().code == "timed_out");
        CHECK(rig.change("fence", {{"how", "read_only"}}).already_so);
        REQUIRE(rig.rig->undo(fenced).ok());
        CHECK(rig.execute("delete from items").ok());
        CHECK(rig.observe("wait_writable", {{"within", 5}}).ok());
        CHECK(rig.change("unfence").already_so);
    }
    SUBCASE("fences_so_that_nobody_gets_in") {
        if (!rig.has("fence")) return;
        rig.fill();
        const auto fenced = rig.change("fence", {{"how", "disconnect"}});
        if (fenced.code() == "not_supported") return;
        REQUIRE(fenced.ok());
        CHECK(fenced.value()["changed"].boolean());
        CHECK_FALSE(rig.execute("delete from items").ok());
        CHECK(rig.count("items") == -1);
        CHECK(rig.change("fence", {{"how", "disconnect"}}).already_so);
        const auto softer = rig.change("fence", {{"how", "read_only"}});
        REQUIRE(softer.ok());
        CHECK_FALSE(rig.execute("delete from items").ok());
        CHECK(rig.count("items") == 5);
        REQUIRE(rig.rig->undo(softer).ok());
        CHECK(rig.count("items") == -1);
        REQUIRE(rig.rig->undo(fenced).ok());
        CHECK(rig.execute("delete from items").ok());
    }
    SUBCASE("fences_by_stopping_the_server") { check_fence_by_stop(rig); }
}

}  // namespace perilune::test
