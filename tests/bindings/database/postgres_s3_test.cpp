// Backups of PostgreSQL in a real bucket: encrypted, in one object and in a folder of them.
#include "bindings/storage/storage.h"
#include "interpreter/base/http_client.h"
#include "tests/bindings/database/postgres_rig.h"
#include "tests/services/s3.h"

namespace perilune::test {

TEST_CASE("keeps_encrypted_backups_of_postgres_in_a_bucket") {
    S3Server* ceph = shared_ceph();
    if (!ceph || !has_postgres() || !has_age()) return;
    const PostgresUnderTest database(Map{{"jobs", 4}});
    TargetsRig& rig = *database->rig;
    const auto http = HttpClient::make(rig.services().loop);
    rig.services().http = http.get();
    rig.add("storage/backups", storage_family, s3_kind,
            {{"endpoint", ceph->url()},
             {"bucket", S3Server::new_bucket()},
             {"conditions", "look"},
             {"credentials", Map{{"access_key_id", S3Server::access_key_id},
                                 {"secret_access_key", S3Server::secret_access_key}}}});
    REQUIRE(rig.change("storage/backups", "create_bucket").ok());
    for (const char* table : {"a", "b", "c", "d"})
        database.psql("create table " + std::string(table) + " (id int, note text); insert into " +
                      table + " select i, md5(i::text) from generate_series(1, 50000) i");
    for (const char* format : {"custom", "directory"}) {
        CAPTURE(format);
        const auto made = database->backup(
            format, {{"format", format}, {"encrypt_to", make_secret(shared_age_key().recipient)}});
        INFO(made.message());
        REQUIRE(made.ok());
        const std::string id = database->id(format);
        CHECK(database->observe("verify_backup", {{"backup", id}}).ok());
        database.psql("drop table a; delete from b");
        const auto restored = database->change("restore", {{"backup", id}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK(database.psql("select (select count(*) from a) + (select count(*) from b)") ==
              "100000");
        CHECK(database->change("delete_backup", {{"backup", id}}).ok());
    }
    const auto left = rig.observe("storage/backups", "list");
    REQUIRE(left.ok());
    CHECK(left->list().empty());
}

}  // namespace perilune::test
