// Encrypted backups: which keys are taken, who can read them, and that no key shows anywhere.
#include "bindings/database/age.h"
#include "bindings/database/backup_manifest.h"
#include "bindings/storage/storage.h"
#include "interpreter/base/files.h"
#include "tests/bindings/database/postgres_rig.h"
#include "tests/bindings/database/simulated_rig.h"
#include "tests/bindings/database/sqlite_rig.h"

namespace perilune::test {

namespace {

Map encrypted(const std::string& key) { return {{"encrypt_to", make_secret(key)}}; }

// A folder with the programs of age, which note what they are called with and what they inherit.
struct NotingAge {
    ServiceFolder folder;

    NotingAge() {
        for (const std::string name : {"age", "age-keygen"})
            folder.write(name,
                         "#!/bin/sh\n{ echo \"" + name + " $*\"; env; } >> " + folder.at("noted") +
                             "\nexec /usr/bin/" + name + " \"$@\"\n",
                         0755);
    }
    std::string noted() const { return folder.read("noted"); }
};

std::vector<std::string> recipients_in(DatabaseRig& rig, const std::string& key) {
    const auto engine = rig.has("promote") ? "postgres" : "sqlite";
    const auto manifest = read_manifest(rig.storage->get(key + ".manifest.json"), engine);
    REQUIRE(manifest.ok());
    return manifest->encryption.recipients;
}

std::string shell(const std::string& command) {
    return run_to_end({"/bin/sh", "-c", command}).output;
}

}  // namespace

TEST_CASE("takes_keys_of_age_one_a_line_and_shows_nothing_of_what_is_none") {
    if (!has_age()) return;
    const AgeKey key;
    const auto read = read_age_keys(key.file + "\n  " + key.recipient + "\r\n", "the text");
    REQUIRE(read.ok());
    CHECK(read->identities == std::vector<std::string>{key.identity});
    CHECK(read->recipients == std::vector<std::string>{key.recipient});
    for (const std::string none :
         {"", "# only words\n", "age1yubikey1qwertyuiop", "ssh-ed25519 AAAA", "-R /etc/passwd",
          "AGE-PLUGIN-YUBIKEY-1QQ", "AGE-SECRET-KEY-1short"}) {
        CAPTURE(none);
        const auto refused = read_age_keys(none, "the text");
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.error().code == "bad_key");
        if (!none.empty()) CHECK(refused.error().message.find(none) == std::string::npos);
    }
}

TEST_CASE("an_encrypted_dump_is_read_by_the_stock_programs") {
    if (!has_postgres() || !has_age()) return;
    const AgeKey key;
    const AgeKey second;
    const PostgresUnderTest database(Map{{"decrypt_with", make_secret(second.file)}});
    database.psql(
        "create table ledger (id int, b text); insert into ledger select i, "
        "md5(i::text) || md5((i * 7)::text) from generate_series(1, 60000) i");
    const std::string then = database->digest("ledger");
    const auto made =
        database->backup("one", encrypted("# ours\n" + key.recipient + "\n" + second.identity));
    INFO(made.message());
    REQUIRE(made.ok());
    CHECK(recipients_in(*database.rig, "one") ==
          std::vector<std::string>{key.recipient, second.recipient});
    const ServiceFolder folder;
    folder.write("key", key.file);
    folder.write("one", database->storage->get("one"));
    const std::string decrypt = "age -d -i " + folder.at("key") + " " + folder.at("one");
    CHECK(shell(decrypt + " | zstd -dc | " + postgres_program("pg_restore") + " -l")
              .find("TABLE DATA public ledger") != std::string::npos);
    // Far more than pipes hold goes through two programs at once, and comes back the same.
    Map plain = encrypted(second.recipient);
    plain["compression"] = "none";
    REQUIRE(database->backup("plain", plain).ok());
    for (const char* key_of_backup : {"one", "plain"}) {
        database.psql("delete from ledger");
        const auto restored =
            database->change("restore", {{"backup", database->id(key_of_backup)}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK(database->digest("ledger") == then);
    }
}

TEST_CASE("no_key_shows_in_an_argument_a_variable_a_manifest_or_a_message") {
    if (!has_postgres() || !has_age()) return;
    const NotingAge programs;
    const AgeKey key;
    const PostgresUnderTest database(
        Map{{"age", programs.folder.path()}, {"decrypt_with", make_secret(key.file)}});
    database.psql("create table t (id int); insert into t values (1)");
    REQUIRE(database->backup("one", encrypted(key.file)).ok());
    CHECK(database->observe("verify_backup", {{"backup", database->id("one")}}).ok());
    CHECK(database->change("restore", {{"backup", database->id("one")}}).ok());
    for (const char* called :
         {"age -R /dev/fd/0 /dev/fd/3", "age -d -i /dev/fd/0 /dev/fd/3", "age-keygen -y /dev/fd/0"})
        CHECK(programs.noted().find(called) != std::string::npos);
    CHECK(programs.noted().find("SECRET") == std::string::npos);
    CHECK(programs.noted().find(key.recipient) == std::string::npos);
    CHECK(database->storage->get("one.manifest.json").find("SECRET") == std::string::npos);
    // Nor where one is damaged: it is refused by its checksum.
    std::string broken = key.identity;
    broken.back() = broken.back() == 'Q' ? 'P' : 'Q';
    for (const auto& refused :
         {database->backup("two", encrypted(broken)),
          database->backup("two", encrypted(key.recipient.substr(0, 61) + "!"))}) {
        CHECK(refused.code() == "bad_key");
        CHECK(refused.message().find(key.identity.substr(20, 20)) == std::string::npos);
        CHECK(refused.message().find(key.recipient.substr(5, 20)) == std::string::npos);
    }
    CHECK(database->storage->count() == 2);
}

TEST_CASE("without_the_right_key_nothing_is_begun") {
    if (!has_postgres() || !has_age()) return;
    const AgeKey key;
    const PostgresUnderTest database;
    database.psql("create table t (id int); insert into t values (1)");
    REQUIRE(database->backup("one", encrypted(key.recipient)).ok());
    database.psql("insert into t values (2)");
    const Map one = {{"backup", database->id("one")}};
    const auto check = [&](DatabaseRig& rig, const std::string& code, const std::string& says) {
        for (const auto& error : {rig.change("restore", one).result.error(),
                                  rig.observe("verify_backup", one).error()}) {
            CHECK(error.code == code);
            CHECK_MESSAGE(error.message.find(says) != std::string::npos, error.message);
        }
    };
    check(*database.rig, "wrong_key", key.recipient);
    const std::string url = shared_server().url(database.name);
    const auto with = [&](const Map& more) {
        auto rig = open_postgres(url, more);
        for (const char* name : {"one", "one.manifest.json"})
            rig->storage->put(name, database->storage->get(name));
        return rig;
    };
    check(*with({{"decrypt_with", Value()}}), "no_key", "decrypt_with");
    check(*with({{"decrypt_with", make_secret(key.recipient)}}), "bad_key", "only recipients");
    check(*with({{"decrypt_with", make_secret("a password")}}), "bad_key", "Line 1");
    const auto missing = with({{"decrypt_with", make_secret(key.identity)}, {"age", "/nowhere"}});
    check(*missing, "no_program", "The program age,");
    CHECK(missing->backup("two", encrypted(key.recipient)).code() == "no_program");
    CHECK(missing->storage->count() == 2);
    CHECK(database.psql("select count(*) from t") == "2");
    CHECK(database.psql("select count(*) from pg_database where datname like '" + database.name +
                        "\\_%'") == "0");
    CHECK(with({{"decrypt_with", make_secret(key.identity)}})->change("restore", one).ok());
    CHECK(database.psql("select count(*) from t") == "1");
}

TEST_CASE("a_clone_is_refused_before_it_throws_anything_away") {
    if (!has_postgres() || !has_age()) return;
    const PostgresUnderTest source;
    source.psql("create table t (id int); insert into t values (1), (2)");
    REQUIRE(source->backup("one", encrypted(shared_age_key().recipient)).ok());
    const std::string name = shared_server().make_database();
    shared_server().psql(name, "create table mine (id int)");
    TargetsRig& rig = *source.rig->rig;
    Map settings = {{"url", make_secret(shared_server().url(name))}, {"disposable", true}};
    rig.add("database/copy", database_family, postgres_kind, settings);
    const Map from = {{"from", "database/under-test"}, {"backup", source->id("one")}};
    CHECK(rig.change("database/copy", "clone", from).code() == "no_key");
    CHECK(shared_server().psql(name, "select count(*) from mine") == "0");
    settings["decrypt_with"] = make_secret(shared_age_key().identity);
    rig.add("database/copy", database_family, postgres_kind, settings);
    const auto cloned = rig.change("database/copy", "clone", from);
    INFO(cloned.message());
    CHECK(cloned.ok());
    CHECK(shared_server().psql(name, "select count(*) from t") == "2");
}

TEST_CASE("age_finds_what_a_forged_manifest_would_hide") {
    if (!has_postgres() || !has_age()) return;
    const PostgresUnderTest database;
    database.psql("create table t (id int); insert into t select generate_series(1, 100000)");
    Map arguments = encrypted(shared_age_key().recipient);
    arguments["compression"] = "none";
    REQUIRE(database->backup("one", arguments).ok());
    database.psql("delete from t where id > 7");
    const std::string good = database->storage->get("one");
    const auto noted = read_manifest(database->storage->get("one.manifest.json"), "postgres");
    REQUIRE(good.size() > 300000);
    std::string flipped = good;
    flipped[200000] = static_cast<char>(flipped[200000] ^ 1);
    std::string reordered = good;  // Two whole chunks, of 64 KiB and a tag each.
    const std::size_t head = good.find("\n--- ") + 5 + 43 + 1 + 16;
    std::swap_ranges(reordered.begin() + static_cast<std::ptrdiff_t>(head),
                     reordered.begin() + static_cast<std::ptrdiff_t>(head + 65552),
                     reordered.begin() + static_cast<std::ptrdiff_t>(head + 65552));
    for (const std::string& spoilt :
         {flipped, reordered, good.substr(0, head + 65552), good.substr(0, good.size() - 1)}) {
        BackupManifest forged = *noted;
        forged.size_bytes = static_cast<double>(spoilt.size());
        forged.digest = to_hex(sha256(spoilt));
        database->storage->put("one", spoilt);
        database->storage->put("one.manifest.json", write_manifest(forged));
        const auto refused = database->change("restore", {{"backup", database->id("one")}});
        CHECK(refused.code() == "check_failed");
        CHECK(refused.message().find("unpacking") != std::string::npos);
        CHECK_MESSAGE(refused.message().find("age failed") != std::string::npos, refused.message());
        CHECK(database.psql("select count(*) from t") == "7");
    }
    CHECK(database.psql("select count(*) from pg_database where datname like '" + database.name +
                        "\\_%'") == "0");
}

TEST_CASE("a_simulated_database_reads_encrypted_backups_only_where_its_settings_name_a_key") {
    const auto rig = make_simulated_database(Map{{"decrypt_with", Value()}});
    rig->fill();
    REQUIRE(rig->backup("one", encrypted("whatever a world holds")).ok());
    const Map one = {{"backup", rig->id("one")}};
    CHECK(rig->observe("list_backups")->list()[0]["encrypted"].boolean());
    CHECK(rig->observe("verify_backup", one).error().code == "no_key");
    CHECK(rig->change("restore", one).code() == "no_key");
    rig->add("copy", {{"decrypt_with", Value()}, {"disposable", true}});
    const Map from = {{"from", "database/under-test"}, {"backup", rig->id("one")}};
    CHECK(rig->change_of("copy", "clone", from).code() == "no_key");
    rig->add("reader", {{"disposable", true}});
    CHECK(rig->change_of("reader", "clone", from).ok());
    CHECK(rig->rows("items", "reader") == 5);
}

TEST_CASE("encrypts_a_file_of_sqlite_and_needs_its_key_back") {
    if (!has_age()) return;
    const auto rig = make_sqlite("wal", {{"decrypt_with", Value()}});
    rig->fill();
    REQUIRE(rig->backup("one", encrypted(shared_age_key().recipient)).ok());
    CHECK(recipients_in(*rig, "one") == std::vector<std::string>{shared_age_key().recipient});
    CHECK(rig->change("restore", {{"backup", rig->id("one")}}).code() == "no_key");
    CHECK(rig->backup("two", encrypted("a password")).code() == "bad_key");
    const ServiceFolder folder;
    folder.write("key", shared_age_key().file);
    folder.write("one", rig->storage->get("one"));
    shell("age -d -i " + folder.at("key") + " " + folder.at("one") + " | zstd -dc > " +
          folder.at("database"));
    CHECK(stock(folder.at("database"), "select count(*) from items") == "5\n");
}

TEST_CASE("stores_an_encrypted_backup_in_a_real_folder") {
    if (!has_postgres() || !has_age()) return;
    const PostgresUnderTest database;
    const TemporaryFolder folder;
    database->rig->add("storage/backups", storage_family, folder_kind, {{"path", folder.path()}});
    database.psql("create table t (id int); insert into t select generate_series(1, 1000)");
    const auto made = database->backup("daily/one", encrypted(shared_age_key().recipient));
    INFO(made.message());
    REQUIRE(made.ok());
    CHECK(read_file(folder.path("daily/one"))->starts_with("age-encryption.org/v1\n"));
    database.psql("drop table t");
    CHECK(database->change("restore", {{"backup", database->id("daily/one")}}).ok());
    CHECK(database.psql("select count(*) from t") == "1000");
}

}  // namespace perilune::test
