// The part of the database conformance suite about encrypted backups. The target's `decrypt_with`
// is the shared key of the tests.
#pragma once

#include "tests/bindings/database/database_rig.h"

namespace perilune::test {

inline void check_database_encrypted_backups(DatabaseRig& rig) {
    const Value recipient = make_secret(shared_age_key().recipient);
    SUBCASE("encrypts_a_backup_with_each_compression_and_reads_it_again") {
        if (!has_age()) return;
        rig.fill();
        const std::string then = rig.digest("items");
        for (const char* compression : {"zstd", "gzip", "none"}) {
            CAPTURE(compression);
            auto made =
                rig.backup(compression, {{"compression", compression}, {"encrypt_to", recipient}});
            INFO(made.message());
            REQUIRE(made.ok());
            CHECK(made.value()["encrypted"].boolean());
            const std::string stored = rig.storage->get(compression);
            CHECK(made.value()["digest"].text() == to_hex(sha256(stored)));
            CHECK(stored.find("item 3") == std::string::npos);
            CHECK(rig.rig->look(made).value == made.value());
            const std::string first = stored;
            rig.rig->act(made);
            CHECK(rig.storage->get(compression) == first);
            CHECK(rig.observe("verify_backup", {{"backup", rig.id(compression)}}).ok());
            REQUIRE(rig.execute("delete from items where id > 2").ok());
            const auto restored = rig.change("restore", {{"backup", rig.id(compression)}});
            INFO(restored.message());
            REQUIRE(restored.ok());
            CHECK(rig.digest("items") == then);
        }
        const auto listed = rig.observe("list_backups", {{"kind", "dump"}});
        REQUIRE(listed->list().size() == 3);
        for (const auto& backup : listed->list()) CHECK(backup["encrypted"].boolean());
    }
    SUBCASE("restores_nothing_of_an_encrypted_backup_that_is_damaged") {
        if (!has_age()) return;
        rig.fill();
        REQUIRE(rig.backup("good", {{"encrypt_to", recipient}}).ok());
        REQUIRE(rig.execute("delete from items where id = 1").ok());
        const std::string good = rig.storage->get("good");
        rig.storage->states_digests = false;
        std::vector<std::string> spoilt;
        for (const std::size_t at : {std::size_t{30}, good.size() / 2, good.size() - 1}) {
            spoilt.push_back(good);
            spoilt.back()[at] = static_cast<char>(good[at] ^ 1);
        }
        for (const std::string& bytes : spoilt) {
            rig.storage->put("good", bytes);
            const auto verified = rig.observe("verify_backup", {{"backup", rig.id("good")}});
            REQUIRE_FALSE(verified.ok());
            CHECK(verified.error().code == "check_failed");
            CHECK(rig.change("restore", {{"backup", rig.id("good")}}).code() == "check_failed");
        }
        CHECK(rig.count("items") == 4);
    }
}

}  // namespace perilune::test
