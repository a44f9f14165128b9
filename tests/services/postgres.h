// A PostgreSQL server in a folder of its own, and a streaming replica of one.
//
// PostgreSQL refuses to run as root: where the test does, the server runs as the user `postgres`
// that Debian's package makes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/services/service.h"

namespace perilune::test {

// True where PostgreSQL's programs are installed; says or fails otherwise, as has_program does.
bool has_postgres();

// The path of one of PostgreSQL's own programs.
std::string postgres_program(const std::string& name);

class PostgresServer {
public:
    struct Options {
        std::string settings = {};  // Further lines of postgresql.conf.
        std::string certificate = {};
        std::string key = {};  // Both in PEM: the server speaks TLS.
    };
    explicit PostgresServer(const Options& options);
    PostgresServer() : PostgresServer(Options{}) {}
    // A replica that streams from a running primary.
    static std::unique_ptr<PostgresServer> make_replica(const PostgresServer& primary);
    ~PostgresServer();

    int port() const { return port_; }
    const std::string& data() const { return data_; }  // Its data folder.
    std::string log() const;
    // postgresql://USER:PASSWORD@127.0.0.1:PORT/DATABASE
    std::string url(const std::string& database, const std::string& user = superuser,
                    const std::string& password = superuser_password) const;
    // What psql prints for a statement, without heads and spaces; its errors too.
    std::string psql(const std::string& database, const std::string& sql,
                     const std::string& user = superuser) const;
    // Makes an empty database with a name that was not used before.
    std::string make_database() const;

    void start();
    void stop();
    void kill();  // As a machine that loses power.
    bool accepts_connections() const;

    static constexpr const char* superuser = "admin";
    static constexpr const char* superuser_password = "an admin's s3cret";

private:
    struct Copy {};
    PostgresServer(const PostgresServer& primary, Copy);
    void write_settings(const Options& options);

    ServiceFolder folder_;
    std::string data_;
    int port_ = free_port();
    Service service_;
};

}  // namespace perilune::test
