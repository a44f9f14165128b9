// What every database driver must do. A driver's test calls run_database_conformance with a
// function that makes it with an empty database; what a driver lacks is passed over.
#pragma once

#include "tests/bindings/database/database_conformance_backups.h"
#include "tests/bindings/database/database_conformance_encryption.h"
#include "tests/bindings/database/database_rig.h"

namespace perilune::test {

inline void check_database_reads(DatabaseRig& rig) {
    SUBCASE("says_how_it_is") {
        const auto status = rig.observe("status");
        REQUIRE(status.ok());
        CHECK((*status)["reachable"].boolean());
        CHECK((*status)["writable"].boolean());
        CHECK((*status)["role"].text() == "primary");
        CHECK(rig.observe("wait_ready", {{"within", "10s"}}).ok());
        CHECK(rig.observe("check_integrity", {{"level", "full"}}).ok());
    }
    SUBCASE("reads_rows_with_parameters_and_leaves_out_nulls") {
        rig.fill();
        REQUIRE(rig.execute("insert into items (id) values (9)").ok());
        CHECK(rig.query("select id, name, size from items where id in ($1, $2) order by id",
                        {1, 9}) == R"([{"id":1,"name":"item 1","size":10},{"id":9}])");
        CHECK(rig.query("select id from items where id > $1", {100}) == "[]");
    }
    SUBCASE("gives_whole_numbers_beyond_2_to_the_53_as_text") {
        const auto rows = rig.observe("query", {{"sql",
                                                 "select cast(9007199254740993 as bigint) as big, "
                                                 "cast(-9223372036854775807 as bigint) as low, "
                                                 "cast(9007199254740991 as bigint) as whole"}});
        REQUIRE(rows.ok());
        CHECK(rows->list()[0]["big"].text() == "9007199254740993");
        CHECK(rows->list()[0]["low"].text() == "-9223372036854775807");
        CHECK(rows->list()[0]["whole"] == Value(9007199254740991.0));
    }
    SUBCASE("refuses_more_rows_than_asked_for") {
        rig.fill();
        CHECK(rig.observe("query", {{"sql", "select * from items"}, {"rows_max", 5}}).ok());
        const auto many = rig.observe("query", {{"sql", "select * from items"}, {"rows_max", 4}});
        REQUIRE_FALSE(many.ok());
        CHECK(many.error().code == "too_many_rows");
        CHECK(many.error().message.find("rows_max") != std::string::npos);
    }
}

inline void check_database_proofs(DatabaseRig& rig) {
    SUBCASE("writes_nothing_by_a_query") {
        rig.fill();
        for (const char* sql :
             {"delete from items", "insert into items (id) values (77)", "drop table items",
              "select 1; delete from items", "commit", "create table other (x integer)",
              "with gone as (select 1) delete from items", "vacuum", ""}) {
            CAPTURE(sql);
            CHECK_FALSE(rig.observe("query", {{"sql", sql}}).ok());
        }
        CHECK(rig.count("items") == 5);
        CHECK_FALSE(rig.observe("query", {{"sql", "select id as a, size as a from items"}}).ok());
    }
    SUBCASE("digests_rows_and_not_the_way_they_are_stored") {
        rig.fill();
        const std::string before = rig.digest("items");
        CHECK(before.size() == 64);
        REQUIRE(rig.execute("delete from items where id = 2").ok());
        CHECK(rig.digest("items") != before);
        REQUIRE(rig.execute("create index by_name on items (name)").ok());
        REQUIRE(rig.execute("insert into items values (2, 'item 2', 20)").ok());
        CHECK(rig.digest("items") == before);
        REQUIRE(rig.execute("update items set name = 'item 20' where id = 2").ok());
        CHECK(rig.digest("items") != before);
    }
    SUBCASE("names_a_table_that_is_not_there") {
        rig.fill();
        const auto counts = rig.observe("counts", {{"tables", List{"itemz"}}});
        CHECK(counts.error().code == "not_found");
        CHECK(rig.digest("itemz") == "not_found");
    }
    SUBCASE("verifies_and_lists_every_failure") {
        rig.fill();
        const Map good = {{"counts", Map{{"items", Map{{"min", 5}, {"max", 5}}}}},
                          {"digests", Map{{"items", rig.digest("items")}}},
                          {"queries", Map{{"sizes", "select min(size) = 10 from items"}}}};
        CHECK(rig.observe("verify", good)->list().size() == 3);
        const auto bad = rig.observe(
            "verify", {{"counts", Map{{"items", Map{{"min", 6}}}, {"none", Map{}}}},
                       {"digests", Map{{"items", "00"}}},
                       {"queries", Map{{"false one", "select 1 = 2"},
                                       {"broken one", "select nothing"},
                                       {"empty one", "select 1 from items where id = 0"}}}});
        REQUIRE_FALSE(bad.ok());
        CHECK(bad.error().code == "check_failed");
        CHECK(bad.error().detail.list().size() == 6);
        for (const char* name : {"rows of items", "rows of none", "digest of items", "false one",
                                 "broken one", "empty one"})
            CHECK(bad.error().message.find(name) != std::string::npos);
    }
}

inline void check_database_execute(DatabaseRig& rig) {
    SUBCASE("executes_and_says_how_many_rows") {
        rig.fill();
        const auto updated = rig.execute("update items set size = 0 where id < $1", {4});
        CHECK(updated.value()["rows"].number() == 3);
        CHECK(rig.execute("delete from items where id = 77").value()["rows"].number() == 0);
    }
    SUBCASE("keeps_nothing_of_sql_that_fails") {
        rig.fill();
        const auto failed = rig.execute(
            "delete from items; insert into items (id) values (1); insert into none values (1)");
        CHECK_FALSE(failed.ok());
        CHECK(rig.count("items") == 5);
        CHECK_FALSE(rig.execute("delete from items; commit; select nothing").ok());
        CHECK(rig.count("items") == 5);
    }
    SUBCASE("finds_out_whether_it_happened_and_never_does_it_twice") {
        rig.fill();
        auto change = rig.execute("update items set size = size + 1");
        REQUIRE(change.ok());
        const auto seen = rig.rig->look(change);
        CHECK(seen.kind == Sighting::Kind::happened);
        CHECK(seen.value == change.value());
        CHECK_FALSE(seen.evidence.empty());
        const Value first = change.value();
        rig.rig->act(change);
        CHECK(change.value() == first);
        CHECK(rig.query("select size from items where id = 1") == R"([{"size":11}])");
        change.call.key = to_hex(random_bytes(16));
        CHECK(rig.rig->look(change).kind == Sighting::Kind::did_not);
    }
    SUBCASE("executes_in_batches_until_nothing_is_left") {
        if (!rig.has("execute_batches")) return;
        rig.fill();
        const std::string sql =
            "delete from items where id in "
            "(select id from items where size > 10 limit :batch_rows)";
        const Map arguments = {{"sql", sql}, {"batch_rows", 3}, {"pause", 0}, {"rows_max", 4}};
        auto done = rig.change("execute_batches", arguments);
        REQUIRE(done.ok());
        CHECK(done.value()["rows"].number() == 4);
        CHECK(done.value()["batches"].number() == 2);
        CHECK(rig.rig->look(done).value == done.value());
        CHECK(rig.count("items") == 1);
    }
    SUBCASE("stops_batches_at_rows_max_and_keeps_what_was_done") {
        if (!rig.has("execute_batches")) return;
        rig.fill();
        const std::string sql =
            "delete from items where id in (select id from items limit :batch_rows)";
        const auto stopped = rig.change(
            "execute_batches", {{"sql", sql}, {"batch_rows", 2}, {"pause", 0}, {"rows_max", 3}});
        CHECK(stopped.code() == "too_many_rows");
        CHECK(stopped.left_some);
        CHECK(rig.count("items") == 2);
        CHECK(rig.rig->look(stopped).kind == Sighting::Kind::did_not);
        const auto unlimited =
            rig.change("execute_batches", {{"sql", "delete from items"}, {"rows_max", 3}});
        CHECK(unlimited.code() == "bad_argument");
        CHECK(rig.count("items") == 2);
    }
}

// Two migrations, of which only the first can be reverted; gives the argument that names them.
inline Map write_migrations(DatabaseRig& rig) {
    rig.write_migration("002_more.sql", "alter table people add column age integer;");
    rig.write_migration("001_people.sql",
                        "create table people (id integer primary key, name text);\n"
                        "insert into people values (1, 'first');");
    rig.write_migration("001_people.down.sql", "drop table people;");
    return {{"folder", "migrations"}};
}

inline void check_database_migrations(DatabaseRig& rig) {
    const Map folder = write_migrations(rig);
    SUBCASE("applies_pending_migrations_in_order_and_only_once") {
        const auto pending = rig.observe("pending_migrations", folder);
        REQUIRE(pending.ok());
        REQUIRE(pending->list().size() == 2);
        CHECK(pending->list()[0]["id"].text() == "001_people");
        CHECK(pending->list()[0]["revertible"].boolean());
        CHECK_FALSE(pending->list()[1]["revertible"].boolean());
        auto migrated = rig.change("migrate", folder);
        REQUIRE(migrated.ok());
        CHECK(migrated.value()["applied"] == Value(List{"001_people", "002_more"}));
        CHECK(rig.query("select name, age from people") == R"([{"name":"first"}])");
        CHECK(rig.rig->look(migrated).kind == Sighting::Kind::happened);
        const Value first = migrated.value();
        rig.rig->act(migrated);
        CHECK(migrated.value() == first);
        CHECK(rig.change("migrate", folder).already_so);
        CHECK(rig.observe("pending_migrations", folder)->list().empty());
    }
    SUBCASE("applies_only_the_named_ones") {
        Map only = folder;
        only["only"] = List{"001_people"};
        CHECK(rig.change("migrate", only).value()["applied"] == Value(List{"001_people"}));
        only["only"] = List{"009_none"};
        CHECK(rig.change("migrate", only).code() == "not_found");
    }
    SUBCASE("stops_at_the_first_that_fails_and_keeps_nothing_of_it") {
        rig.write_migration("002_more.sql", "create table half (x integer); select nothing;");
        auto migrated = rig.change("migrate", folder);
        CHECK_FALSE(migrated.ok());
        CHECK(migrated.left_some);
        CHECK(migrated.result.error().message.find("002_more") != std::string::npos);
        CHECK(rig.count("half") == -1);
        CHECK(rig.count("people") == 1);
        CHECK(rig.rig->look(migrated).kind == Sighting::Kind::did_not);
        rig.write_migration("002_more.sql", "create table half (x integer);");
        rig.rig->act(migrated);
        CHECK(migrated.value()["applied"] == Value(List{"001_people", "002_more"}));
    }
}

inline void check_database_changed_migrations(DatabaseRig& rig) {
    const Map folder = write_migrations(rig);
    SUBCASE("refuses_a_folder_in_which_an_applied_one_was_changed") {
        REQUIRE(rig.change("migrate", folder).ok());
        rig.write_migration("001_people.sql", "create table people (id integer);");
        CHECK(rig.change("migrate", folder).code() == "migration_changed");
        CHECK(rig.observe("pending_migrations", folder).error().code == "migration_changed");
    }
    SUBCASE("reverts_the_last_ones_and_not_more_when_it_is_done_again") {
        if (!rig.has("revert_migrations")) return;
        rig.write_migration("002_more.down.sql", "alter table people drop column age;");
        REQUIRE(rig.change("migrate", folder).ok());
        Map one = folder;
        one["count"] = 1;
        auto reverted = rig.change("revert_migrations", one);
        REQUIRE(reverted.ok());
        CHECK(reverted.value()["reverted"] == Value(List{"002_more"}));
        rig.rig->act(reverted);
        CHECK(rig.count("people") == 1);
        CHECK(rig.rig->look(reverted).kind == Sighting::Kind::happened);
    }
    SUBCASE("reverts_nothing_where_one_cannot_be_reverted") {
        if (!rig.has("revert_migrations")) return;
        REQUIRE(rig.change("migrate", folder).ok());
        Map both = folder;
        both["count"] = 2;
        CHECK(rig.change("revert_migrations", both).code() == "not_revertible");
        CHECK(rig.count("people") == 1);
        Map down = folder;
        down["down_to"] = "002_more";
        CHECK(rig.change("revert_migrations", down).already_so);
    }
}

inline void run_database_conformance(const MakeDatabase& make) {
    const auto rig = make();
    for (const auto& row : database_family.operations)
        if (row.everywhere) CHECK(rig->rig->has(rig->target, std::string(row.name)));
    check_database_reads(*rig);
    check_database_proofs(*rig);
    check_database_execute(*rig);
    check_database_migrations(*rig);
    check_database_changed_migrations(*rig);
    check_database_backups(*rig);
    check_database_backup_faults(*rig);
    check_database_encrypted_backups(*rig);
    check_database_restores(*rig);
    check_database_refused_restores(*rig);
}

}  // namespace perilune::test
