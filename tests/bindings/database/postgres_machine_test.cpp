// Fencing a PostgreSQL server by its machine: a real sshd, and a server of the test's own that a
// unit or pg_ctl stops and starts.
#include <unistd.h>

#include "tests/bindings/database/database_conformance_stop.h"
#include "tests/bindings/database/postgres_rig.h"
#include "tests/services/ssh_server.h"
#include "tests/stdlib/drivers/told_to_doctor.h"
#include "tests/support/eventually.h"

namespace perilune::test {

namespace {

std::string systemctl_program() {
    const char* source = std::getenv("PERILUNE_SOURCE");
    const auto folder = source ? std::filesystem::path(source) : std::filesystem::current_path();
    return folder / ".build/systemctl/usr/bin/systemctl";
}

bool has_machine() { return has_postgres() && has_program("sshd") && has_program("ssh"); }

// A program of PostgreSQL's as its own user, who is another one where the test is root.
std::vector<std::string> as_postgres(const std::string& program) {
    std::vector<std::string> words;
    if (::geteuid() == 0)
        words = {"/usr/bin/setpriv", "--reuid",       "postgres", "--regid",
                 "postgres",         "--init-groups", "--"};
    words.push_back(postgres_program(program));
    return words;
}

std::string one_line(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
}

List word_list(const std::vector<std::string>& words) { return List(words.begin(), words.end()); }

struct Machine {
    TemporaryFolder folder;
    SshServer ssh;
    PostgresServer server;
    std::string database = server.make_database();

    Value login() const {
        Value machine;
        machine.set("host", "127.0.0.1").set("port", ssh.port()).set("user", ssh.user());
        machine.set("identity", ssh.identity()).set("known_hosts", ssh.known_hosts());
        return machine.set("config", "/dev/null");
    }
    Value by_pg_ctl() const {
        return login().set("data", server.data()).set("pg_ctl", word_list(as_postgres("pg_ctl")));
    }
    // The server, from now on as the unit that systemctl starts.
    Value by_unit() {
        server.stop();
        const std::string units = folder.path("there/.config/systemd/user");
        std::filesystem::create_directories(units);
        std::filesystem::create_directories(folder.path("runtime"));
        const std::string stops = one_line(as_postgres("pg_ctl")) + " stop -m fast -w -D ";
        std::ofstream(units + "/postgres.service")
            << "[Unit]\nDescription=A database\n[Service]\nType=simple\nExecStart="
            << one_line(as_postgres("postgres")) << " -D " << server.data()
            << "\nExecStop=" << stops << server.data() << "\n";
        std::vector<std::string> systemctl = {"/usr/bin/env",
                                              "HOME=" + folder.path("there"),
                                              "XDG_RUNTIME_DIR=" + folder.path("runtime"),
                                              "/usr/bin/python3",
                                              systemctl_program(),
                                              "--user"};
        auto start = systemctl;
        start.insert(start.end(), {"start", "postgres.service"});
        const auto started = run_to_end(start);
        REQUIRE_MESSAGE(started.code == 0, started.output);
        REQUIRE(eventually([&] { return server.accepts_connections(); }));
        return login().set("service", "postgres.service").set("systemctl", word_list(systemctl));
    }
    std::unique_ptr<DatabaseRig> open(const Value& machine) const {
        return open_postgres(server.url(database), {{"machine", machine}});
    }
    std::string psql(const std::string& sql) const { return server.psql(database, sql); }

    ~Machine() {
        auto stop = as_postgres("pg_ctl");
        stop.insert(stop.end(), {"stop", "-m", "immediate", "-w", "-D", server.data()});
        run_to_end(stop);
    }
};

const Map by_stop = {{"how", "stop"}};

}  // namespace

TEST_CASE("a_server_that_pg_ctl_stops_is_fenced_as_by_every_driver_that_stops_it") {
    if (!has_machine()) return;
    Machine machine;
    const auto rig = machine.open(machine.by_pg_ctl());
    check_fence_by_stop(*rig);
}

TEST_CASE("a_server_that_is_a_unit_is_stopped_and_started_by_systemctl") {
    if (!has_machine() || !has_program(systemctl_program())) return;
    Machine machine;
    const auto rig = machine.open(machine.by_unit());
    check_fence_by_stop(*rig);
    CHECK(machine.server.accepts_connections());
}

TEST_CASE("a_server_that_is_stopped_takes_no_connection_until_it_is_let") {
    if (!has_machine()) return;
    Machine machine;
    const auto rig = machine.open(machine.by_pg_ctl());
    rig->fill();
    // A fence in the catalog stays below the other one, and comes back with it.
    const auto closed = rig->change("fence", {{"how", "disconnect"}});
    REQUIRE(closed.ok());
    const auto stopped = rig->change("fence", by_stop);
    INFO(stopped.message());
    REQUIRE(stopped.ok());
    CHECK_FALSE(machine.server.accepts_connections());
    CHECK(rig->observe("status").ok() == false);
    REQUIRE(rig->rig->undo(stopped).ok());
    CHECK(machine.server.accepts_connections());
    CHECK(machine.psql("select 1").find("not currently accepting") != std::string::npos);
    // An unfence lifts both.
    REQUIRE(rig->change("fence", by_stop).ok());
    const auto open = rig->change("unfence");
    INFO(open.message());
    REQUIRE(open.ok());
    CHECK(open.value()["how_before"].text() == "stop");
    CHECK(machine.psql("insert into items values (70)") == "");
    // One that crashed is not fenced: it is told so before anybody starts it.
    CHECK(rig->change("unfence").already_so);
}

TEST_CASE("stops_no_server_but_the_one_that_the_url_reaches") {
    if (!has_machine()) return;
    Machine machine;
    // The url leads to another server than the machine's data.
    const auto rig = open_postgres(shared_server().url(shared_server().make_database()),
                                   {{"machine", machine.by_pg_ctl()}});
    const auto fenced = rig->change("fence", by_stop);
    CHECK(fenced.code() == "fence_failed");
    CHECK(fenced.message().find("started again") != std::string::npos);
    CHECK(machine.server.accepts_connections());
    CHECK(rig->change("unfence").already_so);
}

TEST_CASE("a_doctor_of_postgres_asks_the_machine_for_the_server_that_fence_stops") {
    if (!has_machine()) return;
    Machine machine;
    std::string url = machine.server.url(machine.database);
    const auto lines = [&](const Value& settings) {
        DriverRig rig(database_family, postgres_kind, "database/main");
        rig.secrets["URL"] = url;
        const auto made = rig.make(Value().set("url", make_secret("URL")).set("machine", settings));
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        return rig.examine();
    };
    CHECK(told(lines(machine.by_pg_ctl()), "lets us in and has the server that fence"));
    CHECK(
        told(lines(machine.by_pg_ctl().set("identity", machine.ssh.other_key())), "credentials "));
    CHECK(told(lines(machine.by_pg_ctl().set("data", "/nowhere")), "problem On "));
    // The url leads to another server than the machine's data.
    url = shared_server().url(shared_server().make_database());
    auto stop = as_postgres("pg_ctl");
    stop.insert(stop.end(), {"stop", "-m", "fast", "-w", "-D", machine.server.data()});
    REQUIRE(run_to_end(stop).code == 0);
    CHECK(told(lines(machine.by_pg_ctl()), "says that its server is stopped, though the url"));
}

TEST_CASE("says_why_a_machine_cannot_stop_its_server") {
    if (!has_machine()) return;
    Machine machine;
    const auto code = [&](const Value& settings) {
        return machine.open(settings)->change("fence", by_stop).code();
    };
    CHECK(code(machine.by_pg_ctl().set("identity", machine.ssh.other_key())) ==
          "permission_denied");
    CHECK(code(machine.by_pg_ctl().set("data", "/nowhere")) == "no_service");
    CHECK(
        code(machine.login().set("service", "none.service").set("systemctl", List{"/bin/false"})) ==
        "no_service");
    CHECK(machine.server.accepts_connections());
    const auto rig = open_postgres(machine.server.url(machine.database));
    const auto nameless = rig->change("fence", by_stop);
    CHECK(nameless.code() == "not_supported");
    CHECK(nameless.message().find("`machine`") != std::string::npos);
    const auto network = rig->change("fence", {{"how", "network"}});
    CHECK(network.code() == "not_supported");
    CHECK(network.message().find("how = \"stop\"") != std::string::npos);
    for (const Value& wrong :
         {machine.login(), machine.by_pg_ctl().set("service", "too.service"),
          machine.by_pg_ctl().set("hosts", "x"), machine.by_pg_ctl().set("port", "ssh"),
          machine.login().set("data", "relative")})
        CHECK_THROWS(machine.open(wrong));
}

}  // namespace perilune::test
