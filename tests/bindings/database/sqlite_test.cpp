// The SQLite driver: the family's suite in both journal modes, and what only SQLite has to hold to.
#include <set>

#include "tests/bindings/database/database_conformance.h"
#include "tests/bindings/database/sqlite_rig.h"

namespace perilune::test {

TEST_CASE("passes_the_database_conformance_suite_with_a_rollback_journal") {
    run_database_conformance([] { return make_sqlite("delete"); });
}

TEST_CASE("passes_the_database_conformance_suite_with_a_write_ahead_log") {
    run_database_conformance([] { return make_sqlite("wal"); });
}

TEST_CASE("declares_exactly_the_operations_it_has") {
    const auto rig = make_sqlite("delete");
    std::set<std::string> declared(sqlite_kind.operations.begin(), sqlite_kind.operations.end());
    std::set<std::string> had;
    for (const auto& [name, handler] : rig->rig->driver(rig->target).operations) {
        had.insert(name);
        const Operation* row = database_family.operation(name);
        REQUIRE(row);
        CAPTURE(name);
        CHECK(bool(handler.observe) == (row->effect == Effect::observe));
        CHECK(bool(handler.act) == (row->effect == Effect::change));
        CHECK(bool(handler.look) == (row->recovery == Recovery::look));
    }
    CHECK(declared == had);
    for (const auto& row : database_family.operations) {
        CHECK_FALSE(row.doc.empty());
        for (const auto& parameter : row.used_parameters()) CHECK_FALSE(parameter.doc.empty());
    }
}

TEST_CASE("reads_blobs_as_bytes_and_takes_named_parameters") {
    const auto rig = make_sqlite("delete");
    const auto rows = rig->observe(
        "query", {{"sql", "select x'00ff10' as raw, :name as name, 1.5 as real, null as none"},
                  {"parameters", Map{{"name", "n"}}}});
    REQUIRE(rows.ok());
    CHECK(rows->list()[0]["raw"].text() == std::string("\0\xff\x10", 3));
    CHECK(rows->list()[0]["name"].text() == "n");
    CHECK(rows->list()[0]["real"].number() == 1.5);
    CHECK_FALSE(rows->list()[0].map().contains("none"));
    CHECK(rig->query("select $2 as second, $1 as first", {1, 2}) == R"([{"first":1,"second":2}])");
    CHECK(rig->query("select ? as a", {}) == "bad_argument");
    CHECK(rig->query("select 1 as a", {1}) == "bad_argument");
}

TEST_CASE("lets_no_sql_reach_beyond_its_file_and_transaction") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    const std::string other = rig->folder->path("other.db");
    for (const std::string& sql :
         {"attach '" + other + "' as other", std::string("pragma user_version = 7"),
          std::string("pragma journal_mode = wal"), std::string("select load_extension('x')"),
          std::string("begin immediate"), std::string("pragma wal_checkpoint")}) {
        CAPTURE(sql);
        CHECK_FALSE(rig->observe("query", {{"sql", sql}}).ok());
    }
    for (const std::string& sql :
         {"attach '" + other + "' as other", std::string("delete from items; commit"),
          std::string("savepoint s"), std::string("select load_extension('x')")}) {
        CAPTURE(sql);
        CHECK_FALSE(rig->execute(sql).ok());
    }
    CHECK_FALSE(std::filesystem::exists(other));
    CHECK(rig->count("items") == 5);
    CHECK(rig->query("pragma table_info(items)").find("\"size\"") != std::string::npos);
}

TEST_CASE("reports_garbage_and_absence_and_does_not_crash") {
    const auto rig = make_sqlite("delete");
    for (const std::string& bytes :
         {std::string(), std::string("no database"), std::string(8192, '\0'), random_bytes(20000),
          std::string("SQLite format 3\0", 16) + random_bytes(9000)}) {
        write_bytes(path_of(*rig), bytes);
        CAPTURE(bytes.size());
        const auto status = rig->observe("status");
        const auto checked = rig->observe("check_integrity", {{"level", "full"}});
        if (bytes.empty()) {
            CHECK(status.ok());  // An empty file is an empty database.
            continue;
        }
        REQUIRE_FALSE(status.ok());
        CHECK(status.error().code == "damaged");
        CHECK(checked.error().code == "check_failed");
        CHECK(rig->query("select 1 from sqlite_schema") == "damaged");
        CHECK_FALSE(rig->backup("key").ok());
        CHECK_FALSE(rig->execute("create table t (x)").ok());
    }
    std::filesystem::remove(path_of(*rig));
    CHECK(rig->observe("status").error().code == "not_found");
    CHECK_FALSE(std::filesystem::exists(path_of(*rig)));
}

TEST_CASE("finds_damage_in_the_middle_of_a_file") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    REQUIRE(rig->execute("with recursive n(i) as (select 10 union all select i + 1 from n where "
                         "i < 3000) insert into items select i, 'name ' || i, i from n")
                .ok());
    REQUIRE(rig->backup("good").ok());
    std::string bytes = read_bytes(path_of(*rig));
    bytes.replace(4096 * 3, 4096, random_bytes(4096));
    write_bytes(path_of(*rig), bytes);
    const auto checked = rig->observe("check_integrity");
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == "check_failed");
    CHECK_FALSE(checked.error().detail.list()[0]["passed"].boolean());
    // A backup of it would look like one and be none.
    CHECK_FALSE(rig->backup("bad").ok());
    const auto restored = rig->change("restore", {{"backup", rig->id("good")}});
    REQUIRE(restored.ok());
    CHECK(rig->observe("check_integrity", {{"level", "full"}}).ok());
    CHECK(rig->count("items") == 2996);
}

TEST_CASE("ends_a_query_at_its_deadline_and_on_a_cancel") {
    const auto rig = make_sqlite("delete");
    const Map endless = {{"sql",
                          "with recursive n(i) as (select 1 union all select i + 1 from n) "
                          "select count(*) from n"}};
    auto call = rig->rig->make_call(rig->target, "query", endless);
    call->deadline_s = boot_now_s() + 0.2;
    auto& handler = rig->rig->driver(rig->target).operations.at("query");
    const auto late = rig->rig->await(handler.observe(*call));
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);

    auto cancelled = rig->rig->make_call(rig->target, "query", endless);
    rig->rig->services().loop.start_timer(boot_now_s() + 0.1, [&] { cancelled->cancel->ask(); });
    CHECK(rig->rig->await(handler.observe(*cancelled)).error().code == "cancelled");
}

TEST_CASE("says_who_is_in_the_way_where_others_hold_the_lock") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    StockClient other(path_of(*rig));
    other.send("begin exclusive;");
    CHECK(rig->execute("delete from items").code() == "database_busy");
    CHECK(rig->observe("status").error().code == "database_busy");
    other.send("rollback;");
    CHECK(rig->execute("delete from items").ok());
}

TEST_CASE("enforces_references_in_execute_and_compares_them_around_migrations") {
    const auto rig = make_sqlite("delete");
    REQUIRE(rig->execute("create table parent (id integer primary key)").ok());
    REQUIRE(rig->execute("create table child (id integer primary key, parent integer references "
                         "parent (id))")
                .ok());
    REQUIRE(rig->execute("insert into parent values (1); insert into child values (1, 1)").ok());
    CHECK(rig->execute("delete from parent").code() == "constraint_failed");
    rig->write_migration("001_orphans.sql", "delete from parent;");
    CHECK(rig->change("migrate", {{"folder", "migrations"}}).code() == "constraint_failed");
    CHECK(rig->count("parent") == 1);
    rig->write_migration("001_orphans.sql",
                         "create table parent2 (id integer primary key, name text);\n"
                         "insert into parent2 (id) select id from parent;\n"
                         "drop table parent;\nalter table parent2 rename to parent;");
    CHECK(rig->change("migrate", {{"folder", "migrations"}}).ok());
    CHECK(rig->count("child") == 1);
}

TEST_CASE("refuses_migration_folders_that_are_in_disorder") {
    const auto rig = make_sqlite("delete");
    const auto code_with = [&](const std::string& name) {
        rig->write_migration(name, "select 1;");
        const auto pending = rig->observe("pending_migrations", {{"folder", "migrations"}});
        std::filesystem::remove(rig->folder->path("migrations/" + name));
        return pending.ok() ? "" : pending.error().code;
    };
    rig->write_migration("001_first.sql", "select 1;");
    CHECK(code_with("1_again.sql") == "bad_migrations");
    CHECK(code_with("name.sql") == "bad_migrations");
    CHECK(code_with("002_x.down.sql") == "bad_migrations");
    CHECK(code_with("notes.txt") == "");
    CHECK(rig->observe("pending_migrations", {{"folder", "none"}}).error().code == "not_found");
}

TEST_CASE("analyzes_and_reindexes") {
    const auto rig = make_sqlite("wal");
    rig->fill();
    REQUIRE(rig->execute("create index by_name on items (name)").ok());
    CHECK(rig->change("analyze", {{"tables", List{"items"}}}).value()["tables"] ==
          Value(List{"items"}));
    const std::string before = rig->digest("items");
    CHECK(rig->change("reindex").value()["indexes"] == Value(List{"by_name"}));
    CHECK(rig->change("analyze", {{"tables", List{"none"}}}).code() == "not_found");
    CHECK(rig->digest("items") == before);
}

TEST_CASE("clones_into_and_drops_only_what_is_disposable") {
    const auto rig = make_sqlite("wal");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    const std::string path = rig->folder->path("clone.db");
    rig->rig->add("database/clone", database_family, sqlite_kind,
                  {{"path", path}, {"disposable", true}});
    const Map by_id = {{"from", rig->target}, {"backup", rig->id("good")}};
    auto cloned = rig->rig->change("database/clone", "clone", by_id);
    REQUIRE(cloned.ok());
    CHECK(stock(path, "select count(*) from items") == "5\n");
    CHECK(rig->rig->look(cloned).kind == Sighting::Kind::happened);
    CHECK(rig->change("clone", by_id).code() == "not_allowed");
    CHECK(rig->change("drop").code() == "not_allowed");
    CHECK(rig->rig->undo(cloned).ok());
    CHECK_FALSE(std::filesystem::exists(path));
    const Map by_time = {{"from", rig->target}, {"at", 4e9}};
    CHECK(rig->rig->change("database/clone", "clone", by_time).ok());
    CHECK(rig->rig->change("database/clone", "drop").value()["changed"].boolean());
    CHECK(rig->rig->change("database/clone", "drop").already_so);
}

TEST_CASE("removes_kept_copies_and_scratch_files_when_their_time_is_over") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    const Map keeping = {{"backup", rig->id("good")}, {"keep_previous", "1d"}};
    const auto first = rig->change("restore", keeping);
    REQUIRE(rig->change("restore", keeping).ok());
    const auto snapshots = [&] {
        return rig->observe("list_backups", {{"kind", "snapshot"}})->list().size();
    };
    CHECK(snapshots() == 2);
    // The first one's name is made to say that its time is over.
    const std::string name = first.value()["previous"]["id"].text().substr(9);
    const auto until = name.find("-until-") + 7;
    std::string over = name;
    over.replace(until, 4, "2020");
    std::filesystem::rename(rig->folder->path(name), rig->folder->path(over));
    const std::string dead = path_of(*rig) + ".restore-0123456789ab.part";
    write_bytes(dead, "half");
    std::filesystem::last_write_time(
        dead, std::filesystem::file_time_type::clock::now() - std::chrono::hours(72));
    REQUIRE(rig->change("restore", {{"backup", rig->id("good")}, {"keep_previous", 0}}).ok());
    CHECK(snapshots() == 1);
    CHECK_FALSE(std::filesystem::exists(rig->folder->path(over)));
    CHECK_FALSE(std::filesystem::exists(dead));
}

TEST_CASE("restores_no_backup_that_lies_where_the_runbook_did_not_say") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    rig->rig->add("storage/secret", database_family, memory_driver(rig->storage));
    CHECK(rig->change("restore", {{"backup", "storage/secret:good"}}).code() == "not_allowed");
    CHECK(rig->change("restore", {{"backup", "good"}, {"from", "storage/secret"}}).ok());
    CHECK(rig->change("restore", {{"backup", "previous:../../etc/passwd"}}).code() == "not_found");
}

TEST_CASE("lists_and_prunes_only_backups_of_its_own") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    REQUIRE(rig->backup("mine").ok());
    rig->rig->add(
        "database/staging", database_family, sqlite_kind,
        {{"path", "staging.db"}, {"backups", "storage/backups"}, {"backups_of", rig->target}});
    const auto listed = rig->rig->observe("database/staging", "list_backups", {});
    CHECK(listed->list().size() == 1);
    CHECK(rig->rig->change("database/staging", "delete_backup", {{"backup", rig->id("mine")}})
              .code() == "not_allowed");
    const Map all = {{"keep", Map{{"last", 1}}}, {"keep_at_least", 0}, {"delete_at_most", 9}};
    CHECK(rig->rig->change("database/staging", "prune_backups", all).already_so);
    // The weekly restore test: production's newest backup into a database of its own.
    const auto restored = rig->rig->change("database/staging", "restore", {{"at", wall_now_s()}});
    REQUIRE(restored.ok());
    CHECK(stock(rig->folder->path("staging.db"), "select count(*) from items") == "5\n");
    CHECK_FALSE(rig->rig->reversal(restored).has_value());
}

}  // namespace perilune::test
