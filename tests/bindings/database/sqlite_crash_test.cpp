// The SQLite driver under kill -9: never a missing or mixed database, never a change done twice.
#include <random>

#include "tests/bindings/database/sqlite_rig.h"
#include "tests/bindings/storage/child_of_test.h"

namespace perilune::test {

namespace {

const std::vector<std::string> backups = {"A", "B"};

// Opens "database/under-test" in a folder that somebody else owns, with its backups loaded.
std::unique_ptr<DatabaseRig> open_at(const std::string& folder) {
    auto made = std::make_unique<DatabaseRig>();
    made->storage = std::make_shared<MemoryObjects>();
    made->rig = std::make_unique<TargetsRig>(folder);
    made->rig->add(made->target, database_family, sqlite_kind,
                   {{"path", "app.db"}, {"backups", "storage/backups"}});
    static const Family storage{.name = "storage", .doc = "", .operations = {}, .records = {}};
    made->rig->add("storage/backups", storage, memory_driver(made->storage));
    for (const auto& key : backups)
        for (const std::string& name : {key, key + ".manifest.json"})
            if (std::filesystem::exists(folder + "/" + name))
                made->storage->put(name, read_bytes(folder + "/" + name));
    return made;
}

// Makes a database whose rows all say the same, and keeps a backup of it in the folder.
void make_backup(const std::string& folder, const std::string& mode, const std::string& key,
                 int rows) {
    const std::string path = folder + "/app.db";
    std::filesystem::remove(path);
    stock(path, "pragma journal_mode = " + mode + "; create table marks (v, filler)");
    const auto rig = open_at(folder);
    REQUIRE(rig->execute("with recursive n(i) as (select 1 union all select i + 1 from n where "
                         "i < " +
                         std::to_string(rows) + ") insert into marks select '" + key +
                         "', hex(randomblob(100)) from n")
                .ok());
    REQUIRE(rig->backup(key).ok());
    for (const std::string& name : {key, key + ".manifest.json"})
        write_bytes(folder + "/" + name, rig->storage->get(name));
}

// What the stock program sees: one whole backup's rows, and no other.
std::string content(const std::string& path) {
    if (!std::filesystem::exists(path)) return "missing";
    return stock(path, "select v, count(*) from marks group by v; pragma integrity_check");
}

void wreck(const std::string& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file << "no longer a database";
}

}  // namespace

TEST_CASE("child_restores_until_it_is_killed" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    const auto rig = open_at(folder);
    tell_parent();
    for (int i = 0; i < 1000; ++i)
        rig->change("restore",
                    {{"backup", rig->id(backups[i % 2 == 0 ? 0 : 1])}, {"keep_previous", i % 3}});
}

TEST_CASE("leaves_one_whole_database_where_it_is_killed_in_a_restore") {
    const TemporaryFolder folder;
    const std::string path = folder.path("app.db");
    const unsigned seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (const std::string& mode : {std::string("delete"), std::string("wal")}) {
        CAPTURE(mode);
        for (const std::string& key : backups)
            for (const std::string& name : {key, key + ".manifest.json"})
                std::filesystem::remove(folder.path(name));
        make_backup(folder.path(), mode, "A", 3000);
        make_backup(folder.path(), mode, "B", 5000);
        for (int round = 0; round < 16; ++round) {
            CAPTURE(round);
            const bool fenced = round % 4 == 3;
            if (fenced) CHECK(open_at(folder.path())->change("fence", {{"how", "read_only"}}).ok());
            ChildOfTest child("child_restores_until_it_is_killed", folder.path());
            REQUIRE(child.wait_told());
            child.kill_after(random() % 120000);
            const std::string found = content(path);
            CHECK((found == "A|3000\nok\n" || found == "B|5000\nok\n"));
            if (!fenced) continue;
            const auto rig = open_at(folder.path());
            CHECK_FALSE((*rig->observe("status"))["writable"].boolean());
            CHECK(rig->change("unfence").ok());
        }
        // Damaged: it stays damaged, or is whole; it is never gone.
        for (int round = 0; round < 6; ++round) {
            wreck(path);
            ChildOfTest child("child_restores_until_it_is_killed", folder.path());
            REQUIRE(child.wait_told());
            child.kill_after(random() % 80000);
            const auto rig = open_at(folder.path());
            const std::string found = content(path);
            CHECK(found != "missing");
            if (found != "A|3000\nok\n" && found != "B|5000\nok\n")
                CHECK(rig->observe("status").error().code == "damaged");
            CHECK(rig->change("restore", {{"backup", rig->id("A")}}).ok());
            CHECK(content(path) == "A|3000\nok\n");
        }
    }
}

TEST_CASE("child_counts_until_it_is_killed" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    const auto rig = open_at(folder);
    auto call =
        rig->rig->make_call(rig->target, "execute", {{"sql", "update counter set n = n + 1"}});
    std::ofstream intents(folder + "/intents", std::ios::app);
    auto& handler = rig->rig->driver(rig->target).operations.at("execute");
    for (int i = 0; i < 100000; ++i) {
        call->key = to_hex(random_bytes(16));
        intents << call->key << std::endl;
        rig->rig->await(handler.act(*call, Value()));
        if (i == 0) tell_parent();
    }
}

TEST_CASE("tells_of_every_intent_whether_it_happened_where_it_was_killed") {
    const TemporaryFolder folder;
    stock(folder.path("app.db"), "create table counter (n); insert into counter values (0)");
    std::mt19937 random(std::random_device{}());
    for (int round = 0; round < 12; ++round) {
        ChildOfTest child("child_counts_until_it_is_killed", folder.path());
        REQUIRE(child.wait_told());
        child.kill_after(random() % 40000);
    }
    const auto rig = open_at(folder.path());
    Change change;
    change.call =
        *rig->rig->make_call(rig->target, "execute", {{"sql", "update counter set n = n + 1"}});
    std::ifstream intents(folder.path("intents"));
    int happened = 0;
    int unclear = 0;
    for (std::string key; std::getline(intents, key);) {
        if (key.size() != 32) continue;
        change.call.key = key;
        const auto kind = rig->rig->look(change).kind;
        unclear += kind == Sighting::Kind::cannot_tell;
        happened += kind == Sighting::Kind::happened;
    }
    CHECK(unclear == 0);
    CHECK(happened >= 12);  // Each round's first.
    CHECK(rig->query("select n from counter") == "[{\"n\":" + std::to_string(happened) + "}]");
}

}  // namespace perilune::test
