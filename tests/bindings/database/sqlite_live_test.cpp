// The SQLite driver while other programs use the same file: fences, backups and restores.
#include <atomic>
#include <thread>

#include "tests/bindings/database/sqlite_rig.h"

namespace perilune::test {

namespace {

const Map read_only = {{"how", "read_only"}};

bool mentions(const std::string& output, const std::string& text) {
    return output.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("makes_writes_of_new_and_of_connected_programs_fail") {
    for (const std::string& mode : {std::string("delete"), std::string("wal"),
                                    std::string("truncate"), std::string("persist")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        StockClient live(path_of(*rig));
        live.send("pragma journal_mode = " + std::string(mode) + ";");
        CHECK(live.send("update items set size = 1 where id = 1; select changes();") == "1\n");
        REQUIRE(rig->change("fence", read_only).ok());
        CHECK(mentions(live.send("update items set size = 2 where id = 1;"), "readonly"));
        CHECK(mentions(stock(path_of(*rig), "delete from items"), "readonly"));
        CHECK(live.send("select size from items where id = 1;") == "1\n");
        CHECK(stock(path_of(*rig), "select count(*) from items") == "5\n");
        const auto forced = stock(path_of(*rig), "pragma journal_mode = off; delete from items");
        CAPTURE(forced);
        CHECK((mentions(forced, "readonly") || mentions(forced, "locked")));
        REQUIRE(rig->change("unfence").ok());
        CHECK(stock(path_of(*rig), "delete from items where id = 5; select changes()") == "1\n");
        CHECK(stock(path_of(*rig), "pragma integrity_check") == "ok\n");
    }
}

TEST_CASE("does_not_fence_where_somebody_is_in_a_transaction_and_says_so") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        StockClient live(path_of(*rig));
        live.send("begin immediate; update items set size = 1 where id = 1;");
        const auto refused = rig->rig->change(rig->target, "fence", read_only, 1);
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.result.error().retry == Retry::safe);
        CHECK(live.send("commit; select changes();") == "1\n");
        CHECK((*rig->observe("status"))["writable"].boolean());
    }
}

TEST_CASE("fences_beside_a_reader_that_comes_and_goes") {
    const auto rig = make_sqlite("wal");
    rig->fill();
    StockClient writer(path_of(*rig));
    StockClient reader(path_of(*rig));
    std::atomic<bool> stop = false;
    std::thread busy([&] {
        for (int i = 0; !stop; ++i) {
            writer.send("insert into items values (" + std::to_string(1000 + i) + ", 'w', 1);");
            reader.send("select count(*) from items;");
        }
    });
    const auto fenced = rig->rig->change(rig->target, "fence", read_only, 30);
    stop = true;
    busy.join();
    REQUIRE(fenced.ok());
    const double rows = rig->count("items");
    CHECK(mentions(writer.send("insert into items values (9999, 'late', 1);"), "readonly"));
    CHECK(rig->count("items") == rows);
    CHECK(rig->observe("check_integrity", {{"level", "full"}}).ok());
}

TEST_CASE("backs_up_a_consistent_state_while_others_write") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode, {{"busy_timeout", 20}});
        // Both tables always have the same number of rows, whenever one looks.
        REQUIRE(rig->execute("create table a (x, y); create table b (x, y)").ok());
        REQUIRE(
            rig->execute("with recursive n(i) as (select 1 union all select i + 1 from n where "
                         "i < 20000) insert into a select i, hex(randomblob(30)) from n; insert "
                         "into b select * from a")
                .ok());
        std::atomic<bool> stop = false;
        std::atomic<int> written = 0;
        StockClient writer(path_of(*rig));
        writer.send(".timeout 5000");
        std::thread busy([&] {
            while (!stop) {
                const auto said = writer.send(
                    "begin immediate; insert into a values (0, 0); "
                    "insert into b values (0, 0); commit;");
                written += said.empty();
            }
        });
        std::vector<Change> made;
        for (int i = 0; i < 3; ++i) made.push_back(rig->backup(std::to_string(i)));
        stop = true;
        busy.join();
        for (const auto& backup : made)
            CHECK((backup.ok() ? "" : backup.result.error().message) == "");
        CHECK(written > 0);
        for (int i = 0; i < 3; ++i) {
            CHECK(rig->observe("verify_backup", {{"backup", rig->id(std::to_string(i))}}).ok());
            const auto manifest =
                from_json(rig->storage->get(std::to_string(i) + ".manifest.json"));
            CHECK((*manifest)["counts"]["a"] == (*manifest)["counts"]["b"]);
            CHECK((*manifest)["counts"]["a"].number() >= 20000);
        }
    }
}

TEST_CASE("shows_restored_data_to_programs_that_are_connected") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        REQUIRE(rig->backup("good").ok());
        REQUIRE(rig->execute("delete from items").ok());
        StockClient live(path_of(*rig));
        CHECK(live.send("select count(*) from items;") == "0\n");
        const auto restored = rig->change("restore", {{"backup", rig->id("good")}});
        REQUIRE(restored.ok());
        CHECK(live.send("select count(*) from items;") == "5\n");
        CHECK(live.send("insert into items (id) values (6); select changes();") == "1\n");
        live.end();
        CHECK(rig->count("items") == 6);
        CHECK(stock(path_of(*rig), "pragma journal_mode") == std::string(mode) + "\n");
        CHECK(stock(path_of(*rig), "pragma integrity_check") == "ok\n");
    }
}

TEST_CASE("restores_nothing_while_somebody_is_in_a_transaction") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        REQUIRE(rig->backup("good").ok());
        StockClient live(path_of(*rig));
        live.send("begin immediate; delete from items;");
        const auto refused =
            rig->rig->change(rig->target, "restore", {{"backup", rig->id("good")}}, 2);
        CHECK(refused.code() == "database_busy");
        live.send("commit;");
        CHECK(rig->count("items") == 0);
        CHECK(rig->change("restore", {{"backup", rig->id("good")}}).ok());
        CHECK(rig->count("items") == 5);
    }
}

TEST_CASE("keeps_the_fence_through_a_restore_and_its_undo") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        REQUIRE(rig->backup("good").ok());
        REQUIRE(rig->execute("delete from items where id = 1").ok());
        REQUIRE(rig->change("fence", read_only).ok());
        const auto restored = rig->change("restore", {{"backup", rig->id("good")}});
        REQUIRE(restored.ok());
        CHECK(rig->count("items") == 5);
        CHECK(mentions(stock(path_of(*rig), "delete from items"), "readonly"));
        CHECK(rig->rig->undo(restored).ok());
        CHECK(rig->count("items") == 4);
        CHECK(mentions(stock(path_of(*rig), "delete from items"), "readonly"));
        REQUIRE(rig->change("unfence").ok());
        CHECK(stock(path_of(*rig), "pragma journal_mode") == std::string(mode) + "\n");
        CHECK(stock(path_of(*rig), "delete from items; select changes()") == "4\n");
    }
}

TEST_CASE("replaces_a_fenced_file_with_a_log_only_when_nobody_is_connected") {
    const auto rig = make_sqlite("wal");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    StockClient live(path_of(*rig));
    live.send("select count(*) from items;");
    REQUIRE(rig->change("fence", read_only).ok());
    CHECK(rig->change("restore", {{"backup", rig->id("good")}}).code() == "database_busy");
    live.end();
    CHECK(rig->change("restore", {{"backup", rig->id("good")}}).ok());
}

TEST_CASE("never_plays_an_old_journal_or_log_into_a_restored_file") {
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        const auto rig = make_sqlite(mode);
        rig->fill();
        const std::string then = rig->digest("items");
        REQUIRE(rig->backup("good").ok());
        // What a program that died left: a log or journal with pages of its own.
        std::string log;
        {
            const std::string ending = std::string(mode) == "wal" ? "-wal" : "-journal";
            StockClient dying(path_of(*rig));
            dying.send(std::string(mode) == "wal" ? "update items set size = 666;"
                                                  : "begin; update items set size = 666;");
            log = read_bytes(path_of(*rig) + ending);
            REQUIRE_FALSE(log.empty());
            dying.end();
            std::filesystem::remove(path_of(*rig));
            write_bytes(path_of(*rig) + ending, log);
        }
        SUBCASE("where_the_file_is_missing") {}
        SUBCASE("where_the_file_is_garbage") { write_bytes(path_of(*rig), random_bytes(8192)); }
        const auto restored = rig->change("restore", {{"backup", rig->id("good")}});
        REQUIRE(restored.ok());
        CHECK(rig->digest("items") == then);
        CHECK(stock(path_of(*rig), "select max(size) from items") == "50\n");
        CHECK(rig->observe("check_integrity", {{"level", "full"}}).ok());
    }
}

TEST_CASE("stops_a_connected_program_from_writing_to_a_file_that_was_replaced") {
    const auto rig = make_sqlite("delete");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    StockClient live(path_of(*rig));
    CHECK(live.send("select count(*) from items;") == "5\n");
    // The first bytes are overwritten behind everybody's back; the program has them cached.
    {
        std::fstream file(path_of(*rig), std::ios::binary | std::ios::in | std::ios::out);
        file << "garbage";
    }
    const auto restored = rig->change("restore", {{"backup", rig->id("good")}});
    REQUIRE(restored.ok());
    CHECK(restored.value()["previous"]["state"].text() == "failed");
    CHECK_FALSE(rig->rig->reversal(restored).has_value());
    const auto said = live.send("update items set size = 666;");
    CAPTURE(said);
    CHECK(mentions(said, "not a database"));
    live.end();
    CHECK(stock(path_of(*rig), "select max(size) from items") == "50\n");
    CHECK(rig->observe("check_integrity", {{"level", "full"}}).ok());
}

TEST_CASE("restores_pages_of_another_size") {
    const auto rig = make_sqlite("wal");
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    std::filesystem::remove(path_of(*rig));
    stock(path_of(*rig), "pragma page_size = 8192; pragma journal_mode = wal; create table x (y)");
    StockClient live(path_of(*rig));
    live.send("select * from x;");
    CHECK(rig->change("restore", {{"backup", rig->id("good")}}).code() == "database_busy");
    live.end();
    CHECK(rig->change("restore", {{"backup", rig->id("good")}}).ok());
    CHECK(stock(path_of(*rig), "select count(*) from items; pragma journal_mode") == "5\nwal\n");
}

TEST_CASE("is_read_by_the_stock_program_and_reads_what_that_wrote") {
    const auto rig = make_sqlite("wal");
    stock(path_of(*rig),
          "create table t (a text, b real, c blob, d); insert into t values "
          "('x', 1.5, x'00ff', null)");
    CHECK((*rig->observe("query", {{"sql", "select * from t"}})).list()[0]["b"].number() == 1.5);
    REQUIRE(rig->execute("insert into t values ($1, 2, null, $2)", {"y", 7}).ok());
    CHECK(stock(path_of(*rig), "select a, b, d from t where a = 'y'") == "y|2.0|7\n");
    REQUIRE(rig->backup("plain", {{"compression", "none"}}).ok());
    const std::string copy = rig->folder->path("copy.db");
    write_bytes(copy, rig->storage->get("plain"));
    CHECK(stock(copy, "select count(*) from t; pragma integrity_check") == "2\nok\n");
    for (const auto& [compression, program] :
         {std::pair{"zstd", "zstd -dc"}, std::pair{"gzip", "gzip -dc"}}) {
        REQUIRE(rig->backup(compression, {{"compression", compression}}).ok());
        write_bytes(rig->folder->path("packed"), rig->storage->get(compression));
        const std::string command =
            std::string(program) + " '" + rig->folder->path("packed") + "' > '" + copy + "'";
        REQUIRE(std::system(command.c_str()) == 0);
        CHECK(stock(copy, "select count(*) from t; pragma integrity_check") == "2\nok\n");
    }
}

}  // namespace perilune::test
