// Connecting to PostgreSQL: what is told where it cannot be, TLS, time limits, and how it is.
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bindings/database/postgres_rig.h"
#include "tests/support/certificates.h"

namespace perilune::test {

namespace {

// A socket that accepts connections and never answers.
class SilentServer {
public:
    SilentServer() {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        REQUIRE(::bind(fd_, generic, size) == 0);
        REQUIRE(::listen(fd_, 5) == 0);
        ::getsockname(fd_, generic, &size);
        port_ = ntohs(address.sin_port);
    }
    ~SilentServer() { ::close(fd_); }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int fd_ = -1;
    int port_ = 0;
};

Error status_error(const std::string& url, const Map& more = {}) {
    const auto status = open_postgres(url, more)->observe("status");
    return status.ok() ? Error{} : status.error();
}

bool says(const Error& error, const std::string& part) {
    return error.message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("says_how_a_server_is") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    const auto status = database->observe("status");
    REQUIRE(status.ok());
    CHECK((*status)["role"].text() == "primary");
    CHECK((*status)["writable"].boolean());
    CHECK((*status)["version"].text() == "PostgreSQL " + database.psql("show server_version"));
    CHECK((*status)["size_bytes"].number() ==
          std::stod(database.psql("select pg_database_size(current_database())")));
    CHECK((*status)["connections"].number() >= 1);
    CHECK((*status)["connections_max"].number() == 40);
    CHECK(database->observe("wait_ready", {{"within", "5s"}}).ok());
    CHECK(database->observe("wait_writable", {{"within", "5s"}}).ok());
    // Nothing stays behind.
    CHECK(database.psql("select count(*) from pg_stat_activity where application_name = "
                        "'perilune' and datname = current_database()") == "0");
}

TEST_CASE("says_why_it_cannot_connect") {
    if (!has_postgres()) return;
    const PostgresServer& server = shared_server();
    const std::string nobody = "127.0.0.1:" + std::to_string(free_port());

    Error error = status_error("postgresql://a:b@" + nobody + "/app");
    CHECK(error.code == "refused");
    CHECK(error.retry == Retry::safe);
    CHECK(says(error, nobody));

    error = status_error(server.url("postgres", PostgresServer::superuser, "the wr0ng one"));
    CHECK(error.code == "credentials_refused");
    CHECK(error.retry == Retry::never);
    CHECK_FALSE(says(error, "wr0ng"));
    CHECK(status_error("postgresql://admin@127.0.0.1:" + std::to_string(server.port()) + "/app")
              .code == "credentials_refused");

    error = status_error(server.url("no_such_one"));
    CHECK(error.code == "not_found");
    CHECK(says(error, "no_such_one"));

    error = status_error("postgresql://a:b@no-such-host.invalid/app");
    CHECK(error.code == "name_not_found");
    CHECK(says(error, "no-such-host.invalid"));
}

TEST_CASE("shows_nothing_of_a_url_that_is_none") {
    for (const char* url : {"mysql://u:s3cret@h/d", "postgresql://u:s3cret@h:x y/d%zz",
                            "postgresql://u:s3cret@h/d?nonsense=1", "postgresql://u:s3cret@h",
                            "postgresql://:s3cret@h/d", "s3cret"}) {
        CAPTURE(url);
        const Error error = status_error(url);
        CHECK(error.code == "bad_setting");
        CHECK_FALSE(says(error, "s3cret"));
    }
}

TEST_CASE("takes_a_password_from_a_secret_only") {
    const auto rig = open_postgres("postgresql://a@h/d");
    for (const char* url : {"postgresql://u:s3cret@h/d", "postgresql://u@h/d?password=s3cret",
                            "postgresql://u@h/d?sslpassword=s3cret"}) {
        CAPTURE(url);
        const Settings settings{.target = "database/one", .values = Value(Map{{"url", url}})};
        const auto made = postgres_kind.make(settings, rig->rig->services());
        REQUIRE_FALSE(made.ok());
        CHECK(made.error().code == "bad_setting");
        CHECK_FALSE(says(made.error(), "s3cret"));
    }
}

TEST_CASE("gives_a_silent_server_no_more_than_the_connect_timeout") {
    const SilentServer silent;
    const double began_s = boot_now_s();
    const Error error = status_error("postgresql://a:b@" + silent.address() + "/app",
                                     {{"connect_timeout", "300ms"}});
    CHECK(error.code == "timed_out");
    CHECK(error.retry == Retry::safe);
    CHECK(boot_now_s() - began_s < 5);
    if (!has_postgres()) return;
    // The next server of the url gets its turn.
    const PostgresServer& server = shared_server();
    const std::string both = "postgresql://admin:an%20admin%27s%20s3cret@" + silent.address() +
                             ",127.0.0.1:" + std::to_string(server.port()) + "/postgres";
    CHECK(status_error(both, {{"connect_timeout", "300ms"}}).code == "");
}

TEST_CASE("keeps_the_loop_going_while_it_connects_and_hears_a_stop") {
    const SilentServer silent;
    const auto rig = open_postgres("postgresql://a:b@" + silent.address() + "/app");
    TargetsRig& driver = *rig->rig;
    auto call = driver.make_call(rig->target, "status", {});
    REQUIRE(call.ok());
    int turns = 0;
    std::function<void()> turn = [&] {
        if (++turns == 20) call->cancel->ask();
        driver.services().loop.start_timer(boot_now_s() + 0.01, turn);
    };
    turn();
    const double began_s = boot_now_s();
    const auto status =
        driver.await(driver.driver(rig->target).operations.at("status").observe(*call));
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == "cancelled");
    CHECK(turns >= 20);
    CHECK(boot_now_s() - began_s < 3);
}

TEST_CASE("speaks_tls_as_the_url_or_the_settings_say") {
    if (!has_postgres()) return;
    const CertificateAuthority authority;
    const CertificateAuthority other;
    const auto issued = authority.issue();
    const PostgresServer server({.certificate = issued.certificate_pem, .key = issued.key_pem});
    const std::string url = server.url("postgres");
    const auto status = [&](const Map& more) { return status_error(url, more); };
    CHECK(status({}).code == "");
    CHECK(status({{"tls", "require"}}).code == "");
    CHECK(status({{"tls", "verify-full"}, {"ca_file", authority.path()}}).code == "");
    const Error distrusted = status({{"tls", "verify-ca"}, {"ca_file", other.path()}});
    CHECK(distrusted.code == "tls_failed");
    CHECK(distrusted.retry == Retry::never);
    CHECK(status({{"tls", "verify-full"}}).code == "tls_failed");
    // Its certificate is for localhost and 127.0.0.1.
    std::string named = url + "?hostaddr=127.0.0.1";
    named.replace(named.find("127.0.0.1"), 9, "db.example.org");
    const Map full = {{"tls", "verify-full"}, {"ca_file", authority.path()}};
    CHECK(status_error(named, full).code == "tls_failed");
    CHECK(status_error(named, {{"tls", "verify-ca"}, {"ca_file", authority.path()}}).code == "");
    CHECK(status_error(url + "?sslmode=require", {{"tls", "disable"}}).code == "bad_setting");
    // A server without TLS.
    CHECK(status_error(shared_server().url("postgres"), {{"tls", "require"}}).code == "tls_failed");
}

TEST_CASE("waits_until_a_server_is_there_and_for_no_wrong_password") {
    if (!has_postgres()) return;
    PostgresServer server;
    const std::string url = server.url("postgres");
    server.stop();
    const auto rig = open_postgres(url);
    const auto late = rig->observe("wait_ready", {{"within", "400ms"}});
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
    CHECK(says(late.error(), "refused"));
    Result<Value> ready = Value();
    std::jthread waiter([&] { ready = rig->observe("wait_ready", {{"within", "20s"}}); });
    server.start();
    waiter.join();
    CHECK(ready.ok());
    const double began_s = boot_now_s();
    const auto wrong = open_postgres(server.url("postgres", "admin", "wrong one"))
                           ->observe("wait_ready", {{"within", "20s"}});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "credentials_refused");
    CHECK(boot_now_s() - began_s < 5);
}

}  // namespace perilune::test
