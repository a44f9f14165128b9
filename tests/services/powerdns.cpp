#include "tests/services/powerdns.h"

#include <stdexcept>

namespace perilune::test {

namespace {
constexpr const char* schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";
}

PowerDns::PowerDns() {
    const ProgramEnd made =
        run_to_end({"sqlite3", folder_.at("zones.db"), std::string(".read ") + schema});
    if (made.code != 0) throw std::runtime_error("PowerDNS's database: " + made.output);
    folder_.write("pdns.conf", "launch=gsqlite3\ngsqlite3-database=" + folder_.at("zones.db") +
                                   "\nlocal-address=127.0.0.1\nlocal-port=" +
                                   std::to_string(port_) + "\nsocket-dir=" + folder_.path() +
                                   "\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=" +
                                   std::to_string(api_port_) + "\napi=yes\napi-key=" + key +
                                   "\ndisable-syslog=yes\nguardian=no\ndaemon=no\n");
    const ProgramEnd zone = run_to_end({"pdnsutil", "--config-dir=" + folder_.path(), "create-zone",
                                        "example.org", "ns1.example.org"});
    if (zone.code != 0) throw std::runtime_error("PowerDNS's zone: " + zone.output);
    service_.start({"pdns_server", "--config-dir=" + folder_.path()},
                   [this] { return accepts(api_port_); });
}

}  // namespace perilune::test
