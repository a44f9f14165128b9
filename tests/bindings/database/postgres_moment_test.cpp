// A server brought back to a moment from a base backup and its archived WAL, and forth again.
#include "interpreter/base/files.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

struct ArchivingServer {
    TemporaryFolder folder;
    std::unique_ptr<PostgresServer> server;
    std::unique_ptr<DatabaseRig> rig;

    ArchivingServer() {
        namespace fs = std::filesystem;
        for (const char* name : {"archive", "bases"}) {
            fs::create_directory(folder.path(name));
            fs::permissions(folder.path(name), fs::perms::all);
        }
        fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::group_all |
                                           fs::perms::others_exec | fs::perms::others_read);
        server = std::make_unique<PostgresServer>(
            PostgresServer::Options{.settings = "archive_mode = on\narchive_command = 'cp %p " +
                                                folder.path("archive") + "/%f'\n"});
        server->psql("postgres", "create table t (id int primary key); insert into t values (1)");
        rig = open_postgres(server->url("postgres"), {{"data", server->data()},
                                                      {"archive", folder.path("archive")},
                                                      {"base_backups", folder.path("bases")}});
    }
    void take_base(const std::string& name) {
        const auto ended =
            run_to_end({postgres_program("pg_basebackup"), "-d", server->url("postgres"), "-D",
                        folder.path("bases/" + name), "-c", "fast", "-X", "stream"});
        INFO(ended.output);
        REQUIRE(ended.code == 0);
        for (int i = 0; i < 200 && rig->observe("restore_window")->is_nil(); ++i)
            server->psql("postgres", "select pg_sleep(0.05)");
    }
    double now() const {
        return std::stod(server->psql("postgres", "select extract(epoch from clock_timestamp())"));
    }
    std::string insert(int id) const {
        return server->psql("postgres", "insert into t values (" + std::to_string(id) + ")");
    }
    std::string rows() const {
        return server->psql("postgres", "select string_agg(id::text, ',' order by id) from t");
    }
    std::size_t beside() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(
                 std::filesystem::path(server->data()).parent_path()))
            count += entry.path().string().starts_with(server->data() + ".perilune") ? 1 : 0;
        return count;
    }
};

}  // namespace

TEST_CASE("brings_a_server_back_to_the_moment_before_the_bad_one") {
    if (!has_postgres()) return;
    ArchivingServer one;
    CHECK(one.rig->observe("restore_window")->is_nil());
    CHECK(one.rig->change("restore", {{"at", one.now()}}).code() == "not_found");
    one.take_base("monday");
    one.insert(2);
    one.server->psql("postgres", "select pg_switch_wal()");
    one.insert(3);
    const double good = one.now();
    one.server->psql("postgres", "delete from t where id < 3; insert into t values (4)");
    const auto window = one.rig->observe("restore_window");
    REQUIRE(window.ok());
    CHECK((*window)["from_at"].number() < good);
    CHECK((*window)["to_at"].number() > good);
    CHECK(one.rig->change("restore", {{"at", (*window)["from_at"].number() - 100}}).code() ==
          "not_found");

    auto restored = one.rig->change("restore", {{"at", good}});
    INFO(restored.message());
    REQUIRE(restored.ok());
    CHECK(one.rows() == "1,2,3");
    CHECK(one.server->psql("postgres", "select pg_is_in_recovery()") == "f");
    CHECK(one.server->psql("postgres", "show port") == std::to_string(one.server->port()));
    const auto settings = read_file(one.server->data() + "/postgresql.auto.conf");
    REQUIRE(settings.ok());
    CHECK(settings->find("recovery_target") == std::string::npos);
    CHECK(restored.value()["data_until_at"] == Value(good));
    CHECK(one.rig->rig->look(restored).value == restored.value());
    one.rig->rig->act(restored);
    CHECK(one.rows() == "1,2,3");
    CHECK(one.rig->observe("list_backups")->list().size() == 1);
    CHECK(one.beside() == 1);

    SUBCASE("and_forth_again_with_all_that_was_written") {
        const auto undone = one.rig->rig->undo(restored);
        INFO(undone.message());
        REQUIRE(undone.ok());
        CHECK(one.rows() == "3,4");
        CHECK(one.insert(5) == "");
        // A second restore goes along the history that the server is on, not the first one's.
        const double later = one.now();
        one.insert(6);
        const auto again = one.rig->change("restore", {{"at", later}, {"keep_previous", 0}});
        INFO(again.message());
        REQUIRE(again.ok());
        CHECK(one.rows() == "3,4,5");
        CHECK_FALSE(again.value().has("previous"));
        const auto left = one.rig->observe("list_backups");
        REQUIRE(left->list().size() == 1);
        const auto removed =
            one.rig->change("delete_backup", {{"backup", left->list()[0]["id"].text()}});
        CHECK(removed.ok());
        CHECK(one.beside() == 0);
    }
    SUBCASE("and_not_where_somebody_has_written_since") {
        one.insert(7);
        CHECK(one.rig->rig->undo(restored).code() == "undo_conflict");
        CHECK(one.rows() == "1,2,3,7");
    }
}

TEST_CASE("gives_a_server_its_data_back_where_a_moment_cannot_be_reached") {
    if (!has_postgres()) return;
    ArchivingServer one;
    one.take_base("monday");
    one.insert(2);
    const double good = one.now();
    SUBCASE("because_the_base_backup_is_damaged") {
        std::ofstream(one.folder.path("bases/monday/global/pg_filenode.map")) << "damage";
        const auto failed = one.rig->change("restore", {{"at", good}});
        CHECK(failed.code() == "damaged");
        CHECK_FALSE(failed.left_some);
    }
    SUBCASE("because_wal_is_missing") {
        one.server->psql("postgres",
                         "select pg_switch_wal(); checkpoint; select pg_switch_wal(); "
                         "insert into t values (3)");
        // The server crashed before it said that time had passed, and nobody can ask it to.
        one.server->kill();
        const auto failed = one.rig->change("restore", {{"at", wall_now_s() - 0.001}});
        INFO(failed.message());
        REQUIRE_FALSE(failed.ok());
        CHECK(failed.message().find("in its place again") != std::string::npos);
        CHECK_FALSE(failed.left_some);
        CHECK(one.rows() == "1,2,3");
    }
    CHECK(one.insert(9) == "");
}

}  // namespace perilune::test
