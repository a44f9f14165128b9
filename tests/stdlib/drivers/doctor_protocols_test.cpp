// What a doctor is told of targets by drivers of protocols, against real servers: rights that are
// missing, keys that are wrong, programs that are too old. Nothing is changed there.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "bindings/cache/cache.h"
#include "bindings/database/database.h"
#include "bindings/deploy/deploy.h"
#include "bindings/dns/dns.h"
#include "bindings/notify/notify.h"
#include "bindings/process/process.h"
#include "bindings/storage/storage.h"
#include "tests/services/age.h"
#include "tests/services/bind.h"
#include "tests/services/mail_server.h"
#include "tests/services/postgres.h"
#include "tests/services/redis.h"
#include "tests/services/s3.h"
#include "tests/services/ssh_server.h"
#include "tests/stdlib/drivers/told_to_doctor.h"
#include "tests/support/certificates.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

void make(DriverRig& rig, const Value& settings) {
    const auto made = rig.make(settings);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
}

}  // namespace

TEST_CASE("a_doctor_of_smtp_says_who_it_is_and_sends_nothing") {
    if (!MailInbox::installed()) return;
    const CertificateAuthority authority;
    const IssuedCertificate identity = authority.issue();
    MailInbox inbox({.certificate_pem = identity.certificate_pem,
                     .key_pem = identity.key_pem,
                     .user = "ops",
                     .password = "pass-w0rd"});
    Value settings = fields("server", inbox.url(), "from", "ops@example.com", "to",
                            List{"oncall@example.com"}, "user", "ops", "password",
                            make_secret("MAIL"), "certificate_authority", authority.path());
    DriverRig rig(notify_family, notify_smtp_kind, "notify/mail");
    rig.secrets["MAIL"] = "pass-w0rd";
    make(rig, settings);
    CHECK(told(rig.examine(), "ok the mail server is there and knows the user"));
    rig.secrets["MAIL"] = "canary-of-a-password";
    auto lines = rig.examine();
    CHECK(told(lines, "credentials The mail server refuses the user or password"));
    CHECK_FALSE(told(lines, "canary"));
    make(rig, settings.set("certificate_authority", Value()));
    CHECK(told(rig.examine(), "problem The mail server's certificate is not accepted"));
    make(rig, settings.set("server", "smtp://127.0.0.1:1"));
    CHECK(told(rig.examine(), "problem The mail server did not"));
    CHECK(inbox.mails().empty());
}

TEST_CASE("a_doctor_of_redis_names_commands_that_the_user_may_not_give") {
    if (!has_program("redis-server") || !has_program("redis-cli")) return;
    RedisServer server;
    server.cli({"ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+@connection", "+acl"});
    DriverRig rig(cache_family, redis_kind, "cache/sessions");
    rig.secrets["PW"] = "pw";
    make(rig, fields("url", server.url(), "user", "reader", "password", make_secret("PW")));
    auto lines = rig.examine();
    CHECK(told(lines, "credentials the user reader may not give the command SET"));
    CHECK(told(lines, "credentials the user reader may not give the command REPLICAOF"));
    CHECK_FALSE(told(lines, "command SCAN"));
    CHECK(told(rig.examine(List{"promote"}), "note the user reader may not give the command SET"));
    CHECK(server.cli({"DBSIZE"}) == "0\n");
    make(rig, fields("url", server.url()));
    lines = rig.examine();
    CHECK(told(lines, "ok the commands of the user default were asked for"));
    CHECK_FALSE(told(lines, "credentials"));
}

TEST_CASE("a_doctor_of_bind_tells_a_wrong_key_from_one_that_may_update_and_updates_nothing") {
    if (!has_program("named") || !has_program("dig")) return;
    BindPrimary primary;
    const std::string serial = primary.dig("example.org", "SOA");
    DriverRig rig(dns_family, rfc2136_kind, "dns/site");
    rig.secrets["KEY"] = BindPrimary::key;
    make(rig, fields("zone", "example.org", "server", primary.server(), "key_name",
                     BindPrimary::key_name, "key", make_secret("KEY")));
    CHECK(told(rig.examine(), "ok the server takes updates of the zone by the key runbook"));
    CHECK(primary.dig("example.org", "SOA") == serial);
    rig.secrets["KEY"] = "d3Jvbmcga2V5IG9mIGEgdGVzdCB0aGF0IG9wZW5zIG5vdGhpbmc=";
    CHECK(told(rig.examine(), "credentials Updating example.org"));
    CHECK(told(rig.examine(List{}), "note Updating example.org"));
    CHECK_FALSE(told(rig.examine(), rig.secrets["KEY"]));
}

TEST_CASE("a_doctor_of_postgres_names_missing_rights_and_programs_that_are_too_old") {
    if (!has_postgres()) return;
    PostgresServer server;
    const std::string name = server.make_database();
    server.psql(name,
                "create table orders(id int); create table hidden(id int); "
                "create role runner login password 'pw'; grant select on orders to runner");
    DriverRig rig(database_family, postgres_kind, "database/main");
    rig.secrets["URL"] = server.url(name, "runner", "pw");
    make(rig, fields("url", make_secret("URL")));
    auto lines = rig.examine();
    CHECK(told(lines, "credentials the user runner may not read public.hidden,"));
    CHECK(told(lines, "credentials the user runner may not make tables in the schema public"));
    CHECK(told(lines, "credentials the user runner does not own the database"));
    CHECK(told(lines, "credentials the user runner may not replicate"));
    CHECK(told(lines, "ok /usr/lib/postgresql/"));
    lines = rig.examine(List{"end_sessions"});
    CHECK(told(lines, "note the user runner may not read public.hidden,"));
    CHECK(told(lines, "credentials the user runner may not end sessions of others"));
    CHECK_FALSE(told(lines, "pg_dump"));
    rig.secrets["URL"] = server.url(name);
    lines = rig.examine();
    CHECK(told(lines, "ok the user admin may read every table"));
    CHECK_FALSE(told(lines, "credentials"));
    const TemporaryFolder old;
    for (const char* program : {"pg_dump", "pg_restore"}) {
        const std::string path = old.path() + "/" + program;
        const std::string text =
            "#!/bin/sh\necho '" + std::string(program) + " (PostgreSQL) 9.6.24'\n";
        REQUIRE(write_file_durably(path, text, 0755).ok());
        ::chmod(path.c_str(), 0755);
    }
    make(rig, fields("url", make_secret("URL"), "programs", old.path()));
    CHECK(told(rig.examine(), "pg_dump is of version 9, older than the server"));
    make(rig, fields("url", make_secret("URL"), "programs", "/nowhere"));
    CHECK(told(rig.examine(), "problem PostgreSQL's program pg_dump is not in the folder"));
}

TEST_CASE("a_doctor_of_databases_names_a_missing_age_and_a_key_that_is_none") {
    if (!has_age()) return;
    const TemporaryFolder folder;
    DriverRig rig(database_family, sqlite_kind, "database/main");
    rig.secrets = {{"KEY", shared_age_key().file}, {"WORD", "a password"}};
    Value settings = fields("path", folder.path("app.db"), "decrypt_with", make_secret("KEY"));
    make(rig, settings);
    CHECK(told(rig.examine(),
               "ok it can read backups that are encrypted for " + shared_age_key().recipient));
    make(rig, settings.set("age", folder.path()));
    CHECK(told(rig.examine(),
               "problem The program age, by which backups are encrypted, is not in "
               "the folder"));
    CHECK(told(rig.examine(), "problem The program age-keygen,"));
    make(rig, settings.set("age", Value()).set("decrypt_with", make_secret("WORD")));
    const auto lines = rig.examine();
    CHECK(told(lines, "credentials Line 1 of the setting `decrypt_with`"));
    CHECK_FALSE(told(lines, "password"));
}

TEST_CASE("a_doctor_of_s3_asks_whether_objects_may_be_written_and_writes_none") {
    HttpServer denies;
    denies.reply({.status = 403,
                  .headers = {},
                  .body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"});
    DriverRig rig(storage_family, s3_kind, "storage/backups");
    rig.secrets = {{"ID", S3Server::access_key_id}, {"KEY", S3Server::secret_access_key}};
    const Value credentials =
        fields("access_key_id", make_secret("ID"), "secret_access_key", make_secret("KEY"));
    make(rig, fields("bucket", "b", "endpoint", denies.url(), "credentials", credentials));
    const auto lines = rig.examine();
    CHECK(told(lines, "credentials Asking whether objects may be written"));
    CHECK(told(lines, "AccessDenied"));
    CHECK(told(lines, "unchecked whether objects may be deleted"));
    HttpServer takes;
    takes.reply({.status = 404,
                 .headers = {},
                 .body = "<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"});
    make(rig, fields("bucket", "b", "endpoint", takes.url(), "credentials", credentials));
    CHECK(told(rig.examine(), "ok objects may be written"));
}

TEST_CASE("a_doctor_of_a_real_s3_leaves_nothing_behind") {
    const S3Server* ceph = shared_ceph();
    if (!ceph) return;
    const std::string bucket = S3Server::new_bucket();
    ceph->boto("create_bucket", {{"Bucket", bucket}});
    DriverRig rig(storage_family, s3_kind, "storage/backups");
    rig.secrets = {{"ID", S3Server::access_key_id}, {"KEY", S3Server::secret_access_key}};
    const Value credentials =
        fields("access_key_id", make_secret("ID"), "secret_access_key", make_secret("KEY"));
    make(rig, fields("bucket", bucket, "endpoint", ceph->url(), "credentials", credentials));
    const auto may = rig.examine();
    CHECK_MESSAGE(told(may, "ok objects may be written"), may.at(0));
    const Value listed = ceph->boto("list_objects_v2", {{"Bucket", bucket}});
    CHECK(listed["KeyCount"].number() == 0);
    rig.secrets["KEY"] = "canary-that-is-no-key";
    const auto lines = rig.examine();
    CHECK_MESSAGE(told(lines, "credentials "), lines.at(0));
    CHECK_FALSE(told(lines, "canary"));
}

TEST_CASE("a_doctor_of_ssh_names_a_host_that_is_away_a_key_that_is_none_and_missing_programs") {
    if (!has_program("sshd") || !has_program("ssh")) return;
    const SshServer server;
    const Value there = fields("list", fields("path", "/bin/ls", "effect", "observe"));
    Value settings = fields("programs", there, "host", "127.0.0.1", "port", server.port(), "user",
                            server.user(), "identity", server.identity(), "known_hosts",
                            server.known_hosts(), "config", "/dev/null");
    DriverRig rig(process_family, process_ssh_kind, "process/there");
    make(rig, settings);
    CHECK(told(rig.examine(), "lets us in and has every declared program"));
    Value more = there;
    more.set("dump", fields("path", "/usr/local/bin/no such dump"));
    make(rig, Value(settings).set("programs", more));
    CHECK(
        told(rig.examine(), "has no program that can be executed at /usr/local/bin/no such dump"));
    make(rig, Value(settings).set("known_hosts", "/dev/null"));
    CHECK(told(rig.examine(), "credentials "));
    make(rig, Value(settings).set("port", 1));
    CHECK(told(rig.examine(), "problem "));
}

TEST_CASE("a_doctor_of_releases_over_ssh_names_each_host_and_what_it_lacks") {
    if (!has_program("sshd") || !has_program("ssh")) return;
    const SshServer server;
    const TemporaryFolder folder;
    const std::string here = server.user() + "@127.0.0.1:" + std::to_string(server.port());
    Value settings =
        fields("hosts", List{here}, "identity", server.identity(), "known_hosts",
               server.known_hosts(), "config", "/dev/null", "folder", folder.path() + "/shop",
               "artifacts", folder.path(), "unit", "shop.service", "systemctl", List{"/bin/echo"});
    DriverRig rig(deploy_family, deploy_ssh_kind, "deploy/shop");
    make(rig, settings);
    const auto well = rig.examine();
    CHECK(told(well, "ok " + here + " lets us in"));
    CHECK(told(well, "ok " + here + " has the unit shop.service"));
    CHECK(well.size() == 2);
    make(rig, Value(settings).set("systemctl", List{"/bin/false"}));
    CHECK(told(rig.examine(), "problem " + here + " does not show the unit shop.service"));
    const std::string file = server.known_hosts();
    make(rig, Value(settings).set("folder", file + "/shop"));
    CHECK(told(rig.examine(), here + " does not let us write " + file + "/shop"));
    make(rig, Value(settings).set("known_hosts", "/dev/null"));
    CHECK(told(rig.examine(), "credentials "));
    make(rig, Value(settings).set("hosts", List{"127.0.0.1:1", here}));
    const auto both = rig.examine();
    CHECK(told(both, "problem Opening an ssh session to 127.0.0.1:1 failed"));
    CHECK(told(both, "ok " + here + " lets us in"));
}

TEST_CASE("a_doctor_of_local_programs_names_those_that_are_not_there") {
    DriverRig rig(process_family, process_local_kind, "process/here");
    make(rig, fields("programs", fields("list", fields("path", "/bin/ls"), "dump",
                                        fields("path", "/usr/local/bin/none"))));
    const auto lines = rig.examine();
    CHECK(told(lines, "ok list is /bin/ls"));
    CHECK(told(lines, "problem dump: /usr/local/bin/none: No such file"));
}

}  // namespace perilune::test
