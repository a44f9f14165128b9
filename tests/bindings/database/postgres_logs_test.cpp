// The log of a PostgreSQL server, plain and as CSV.
#include <thread>

#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

TEST_CASE("reads_the_server_s_own_log") {
    if (!has_postgres()) return;
    std::string destination = "stderr";
    SUBCASE("plain") {}
    SUBCASE("csv") { destination = "csvlog"; }
    CAPTURE(destination);
    const PostgresServer server(PostgresServer::Options{
        .settings = "logging_collector = on\nlog_directory = 'log'\nlog_timezone = 'UTC'\n"
                    "log_destination = '" +
                    destination + "'\n"});
    const auto rig = open_postgres(server.url("postgres"), {{"log", server.data() + "/log"}});
    const double began = wall_now_s();
    server.psql("postgres", "select 1 as \"one, \"\"two\"\"\n\" from nowhere");
    const auto read = [&](Map arguments) {
        arguments.insert({"since", began - 1});
        arguments.insert({"contains", "\"nowhere\" does not exist"});
        return rig->observe("logs", arguments);
    };
    for (int i = 0; i < 100 && (*read({}))["lines"].list().empty(); ++i)
        server.psql("postgres", "select pg_sleep(0.05)");
    const auto log = read({});
    REQUIRE(log.ok());
    REQUIRE((*log)["lines"].list().size() == 1);
    const Value& line = (*log)["lines"].list()[0];
    CHECK(line["text"].text().find("ERROR:  relation") != std::string::npos);
    CHECK(line["at"].number() > began - 1);
    CHECK(line["at"].number() < wall_now_s() + 1);
    CHECK_FALSE((*log)["truncated"].boolean());
    for (int i = 0; i < 3; ++i) server.psql("postgres", "select 1 from nowhere");
    while (!(*read({{"lines_max", 2}}))["truncated"].boolean()) std::this_thread::yield();
    CHECK((*read({{"lines_max", 2}}))["lines"].list().size() == 2);
    CHECK((*read({{"to", began - 0.5}}))["lines"].list().empty());
    CHECK(open_postgres(server.url("postgres"))->observe("logs", {{"since", 0}}).error().code ==
          "not_supported");
}

}  // namespace perilune::test
