// Dumps of PostgreSQL in a folder: stored and brought back several files at once, whole or not at
// all, and nothing of them stays on this machine.
#include <filesystem>
#include <set>

#include "bindings/database/scratch_folder.h"
#include "bindings/storage/storage.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

const Map in_folder = {{"format", "directory"}};

std::string digests_of(const PostgresUnderTest& database) {
    std::string all;
    for (const char* table : {"a", "b", "c", "\"d;\"\"x\""}) {
        const auto found = database->observe("counts", {{"tables", List{table}}});
        all += found.ok() ? to_json(*found) : "none";
    }
    return all + database.psql("select md5(string_agg(t::text, ',' order by id)) from a t") +
           database.psql("select md5(string_agg(t::text, ',' order by id)) from b t") +
           database.psql("select count(*) from pg_largeobject");
}

void fill(const PostgresUnderTest& database) {
    for (const char* table : {"a", "b", "c"})
        database.psql("create table " + std::string(table) +
                      " (id int primary key, note text); insert into " + table +
                      " select i, md5(i::text) from generate_series(1, 20000) i");
    database.psql(
        "create table \"d;\"\"x\" (id int); create view v as select * from a; "
        "select lo_from_bytea(0, 'a large object')");
}

// Keys of the objects that are no manifest.
std::set<std::string> files_in(const PostgresUnderTest& database) {
    std::set<std::string> keys;
    const auto listed = database->storage->list_objects("");
    for (const auto& object : listed->list())
        if (!object["key"].text().ends_with(".manifest.json")) keys.insert(object["key"].text());
    return keys;
}

std::size_t left_in(const PostgresUnderTest& database) {
    const std::string scratch = database->folder->path("scratch");
    if (!std::filesystem::exists(scratch)) return 0;
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(scratch), {}));
}

std::string left_beside(const PostgresUnderTest& database) {
    return database.psql("select count(*) from pg_database where datname like '" + database.name +
                         "\\_restoring\\_%'");
}

}  // namespace

TEST_CASE("dumps_into_a_folder_with_each_compression_and_loads_it_again") {
    if (!has_postgres()) return;
    const PostgresUnderTest database(Map{{"jobs", 3}});
    fill(database);
    const std::string then = digests_of(database);
    for (const char* compression : {"zstd", "gzip", "none"}) {
        CAPTURE(compression);
        auto made =
            database->backup(compression, {{"format", "directory"}, {"compression", compression}});
        INFO(made.message());
        REQUIRE(made.ok());
        CHECK(database->rig->look(made).value == made.value());
        const Value first = made.value();
        database->rig->act(made);
        CHECK(made.value() == first);
        const std::string id = database->id(compression);
        const auto verified = database->observe(
            "verify_backup", {{"backup", id}, {"counts", Map{{"a", Map{{"min", 20000}}}}}});
        INFO((verified.ok() ? "" : verified.error().message));
        CHECK(verified.ok());
        CHECK(database
                  ->observe("verify_backup",
                            {{"backup", id}, {"counts", Map{{"a", Map{{"min", 20001}}}}}})
                  .error()
                  .code == "check_failed");
        database.psql(
            "drop table a cascade; delete from b; select lo_unlink(oid) from "
            "pg_largeobject_metadata");
        const auto restored = database->change("restore", {{"backup", id}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK(digests_of(database) == then);
        CHECK(left_in(database) == 0);
    }
    CHECK(database->observe("list_backups", {{"kind", "dump"}})->list().size() == 3);
}

TEST_CASE("undoes_a_restore_from_a_folder_and_clones_it") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    fill(database);
    REQUIRE(database->backup("one", in_folder).ok());
    database.psql("delete from a");
    auto restored = database->change("restore", {{"backup", database->id("one")}});
    REQUIRE(restored.ok());
    CHECK(database->rig->look(restored).kind == Sighting::Kind::happened);
    CHECK(database.psql("select count(*) from a") == "20000");
    REQUIRE(database->rig->undo(restored).ok());
    CHECK(database.psql("select count(*) from a") == "0");
    const std::string name = shared_server().make_database();
    database->rig->add("database/copy", database_family, postgres_kind,
                       {{"url", make_secret(shared_server().url(name))}, {"disposable", true}});
    const auto cloned =
        database->rig->change("database/copy", "clone",
                              {{"from", "database/under-test"}, {"backup", database->id("one")}});
    INFO(cloned.message());
    REQUIRE(cloned.ok());
    CHECK(shared_server().psql(name, "select count(*) from a") == "20000");
}

TEST_CASE("a_damaged_or_missing_file_of_a_folder_is_found_and_never_restored") {
    if (!has_postgres() || !has_age()) return;
    for (const bool encrypted : {false, true}) {
        CAPTURE(encrypted);
        const PostgresUnderTest database;
        fill(database);
        Map arguments = in_folder;
        if (encrypted) arguments["encrypt_to"] = make_secret(shared_age_key().recipient);
        const auto made = database->backup("one", arguments);
        REQUIRE(made.ok());
        CHECK(made.value()["encrypted"].boolean() == encrypted);
        database.psql("delete from a where id > 7");
        database->storage->states_digests = false;
        for (const std::string& key : files_in(database)) {
            CAPTURE(key);
            const std::string good = database->storage->get(key);
            CHECK(good.starts_with("age-encryption.org/v1\n") == encrypted);
            std::string flipped = good;
            flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
            database->storage->put(key, flipped);
            const auto refused = database->change("restore", {{"backup", database->id("one")}});
            CHECK(refused.code() == "check_failed");
            const std::string name = key.substr(key.rfind('/') + 1);
            CHECK(refused.message().find(name + ": digest of the object") != std::string::npos);
            // A file that is gone, or too short, shows already in the list.
            database->storage->put(key, good.substr(0, good.size() - 1));
            CHECK(database->observe("list_backups")->list()[0]["state"].text() == "failed");
            database->storage->delete_object(key);
            CHECK(database->change("restore", {{"backup", database->id("one")}}).code() ==
                  "not_found");
            database->storage->put(key, good);
        }
        CHECK(database.psql("select count(*) from a") == "7");
        CHECK(left_beside(database) == "0");
        CHECK(left_in(database) == 0);
        CHECK(database->change("restore", {{"backup", database->id("one")}}).ok());
    }
}

TEST_CASE("a_folder_that_is_half_stored_never_looks_like_a_backup") {
    if (!has_postgres()) return;
    const PostgresUnderTest database(Map{{"jobs", 1}});
    database.psql("create table first (id int)");  // Small, and so stored before it fails.
    fill(database);
    database->storage->fails_after_bytes = 20000;
    const auto failed = database->backup("one", {{"format", "directory"}, {"compression", "none"}});
    CHECK(failed.code() == "connection_lost");
    database->storage->fails_after_bytes = -1;
    CHECK(database->storage->count() == 0);
    CHECK(database->observe("list_backups")->list().empty());
    CHECK(left_in(database) == 0);
    CHECK(database->backup("one", in_folder).ok());
}

TEST_CASE("a_folder_is_replaced_as_a_whole_and_goes_as_a_whole") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    fill(database);
    REQUIRE(database->backup("one", in_folder).ok());
    const auto before = files_in(database);
    CHECK(database->backup("one", in_folder).code() == "already_exists");
    CHECK(database->backup("one").code() == "already_exists");
    // Somebody else's object is not ours, whatever it is called.
    database->storage->put("one.files/notes.txt", "mine");
    database->storage->put("one.files/", "mine");
    const Map replace = {{"format", "directory"}, {"overwrite", "replace"}};
    REQUIRE(database->backup("one", replace).ok());
    for (const auto& key : before) CHECK(database->storage->get(key).empty());
    CHECK(database->observe("verify_backup", {{"backup", database->id("one")}}).ok());
    // By one object, and back.
    REQUIRE(database->backup("one", {{"overwrite", "replace"}}).ok());
    CHECK(files_in(database) == std::set<std::string>{"one", "one.files/", "one.files/notes.txt"});
    REQUIRE(database->backup("one", replace).ok());
    CHECK(database->storage->get("one").empty());
    CHECK(database->observe("verify_backup", {{"backup", database->id("one")}}).ok());
    REQUIRE(database->backup("two", in_folder).ok());
    const auto pruned = database->change(
        "prune_backups", {{"keep", Map{{"last", 1}}}, {"keep_at_least", 1}, {"delete_at_most", 1}});
    REQUIRE(pruned.ok());
    CHECK(pruned.value()["removed"] == Value(List{database->id("one")}));
    CHECK(database->observe("verify_backup", {{"backup", database->id("two")}}).ok());
    REQUIRE(database->change("delete_backup", {{"backup", database->id("two")}}).ok());
    CHECK(files_in(database) == std::set<std::string>{"one.files/", "one.files/notes.txt"});
    CHECK(database->storage->count() == 2);
}

TEST_CASE("a_cancelled_dump_in_a_folder_leaves_nothing") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table a (id int); insert into a select generate_series(1, 2000000)");
    Change change;
    auto call = database->rig->make_call(
        database->target, "backup",
        {{"to", "storage/backups"}, {"key", "one"}, {"format", "directory"}});
    REQUIRE(call.ok());
    change.call = *call;
    change.call.key = to_hex(random_bytes(16));
    // As soon as there is something to leave behind.
    Loop& loop = database->rig->services().loop;
    change.call.tell = [&loop, cancel = change.call.cancel](const std::string& told) {
        if (told.starts_with("dumped ")) loop.post([cancel] { cancel->ask(); });
    };
    database->rig->act(change);
    CHECK(change.code() == "cancelled");
    CHECK(database->storage->count() == 0);
    CHECK(left_in(database) == 0);
    CHECK(database.psql("select count(*) from pg_stat_activity where application_name = "
                        "'pg_dump' and datname = '" +
                        database.name + "'") == "0");
}

TEST_CASE("says_before_how_much_room_a_folder_takes_and_refuses_where_there_is_none") {
    const TemporaryFolder folder;
    CHECK(require_room(folder.path("not/there/yet"), 1000, "Backing up").ok());
    const auto refused = require_room(folder.path("scratch"), 1e18, "Backing up database/main");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "disk_full");
    CHECK(refused.error().message.find(folder.path("scratch")) != std::string::npos);
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    fill(database);
    REQUIRE(database->backup("one", in_folder).ok());
    // A manifest may say what it likes: nothing is fetched where there is no room for it.
    auto text = database->storage->get("one.manifest.json");
    const auto at = text.find("\"database_bytes\": ", text.find("\"database\"")) + 18;
    text.insert(at, "9999999");
    database->storage->put("one.manifest.json", text);
    CHECK(database->change("restore", {{"backup", database->id("one")}}).code() == "disk_full");
    CHECK(database.psql("select count(*) from a") == "20000");
}

TEST_CASE("stores_a_folder_in_a_real_one_and_reads_it_with_the_stock_program") {
    if (!has_postgres() || !has_age()) return;
    const PostgresUnderTest database;
    fill(database);
    const TemporaryFolder folder;
    database->rig->add("storage/backups", storage_family, folder_kind, {{"path", folder.path()}});
    Map arguments = in_folder;
    arguments["encrypt_to"] = make_secret(shared_age_key().recipient);
    const auto made = database->backup("daily/one", arguments);
    INFO(made.message());
    REQUIRE(made.ok());
    database.psql("drop table a cascade");
    const auto restored = database->change("restore", {{"backup", database->id("daily/one")}});
    INFO(restored.message());
    REQUIRE(restored.ok());
    CHECK(database.psql("select count(*) from a") == "20000");
    // By anybody else: each file by itself, and the folder by pg_restore.
    const ServiceFolder plain;
    plain.write("key", shared_age_key().file);
    const auto read =
        run_to_end({"/bin/sh", "-c",
                    "cd " + folder.path("daily/one.files") + "/* && mkdir " + plain.at("dump") +
                        " && for f in *; do age -d -i " + plain.at("key") + " $f | zstd -dcq > " +
                        plain.at("dump") + "/$f; done && " + postgres_program("pg_restore") +
                        " -l " + plain.at("dump")});
    CHECK_MESSAGE(read.output.find("TABLE DATA public a") != std::string::npos, read.output);
    REQUIRE(database->change("delete_backup", {{"backup", database->id("daily/one")}}).ok());
    CHECK(database->observe("list_backups", {{"kind", "dump"}})->list().empty());
}

}  // namespace perilune::test
