// Where a PostgreSQL server is and how one logs in: what a target's url says, opened at use.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/loop.h"
#include "interpreter/base/result.h"

namespace perilune {

using ConnectionParameters = std::map<std::string, std::string>;  // By libpq's keywords.

struct PostgresAddress {
    std::string target;  // "database/primary"
    ConnectionParameters parameters;

    const std::string& parameter(const std::string& name) const;
    const std::string& database() const { return parameter("dbname"); }
    // The same server and login with another database.
    PostgresAddress with_database(const std::string& name) const;
    // For messages: "app at db.example.com:5432". Holds no secret.
    std::string show() const;
};

// One server of a url, with the numeric address of its name: libpq resolves names by blocking.
struct PostgresEndpoint {
    std::string host;     // The name to check a certificate against, or a socket's folder.
    std::string address;  // Numeric; empty for a Unix-domain socket.
    std::string port;

    std::string show() const;
};

// What the settings say besides the url.
struct PostgresTls {
    std::string mode;     // libpq's sslmode; empty: by the url, else by where the server is.
    std::string ca_file;  // Empty: by the url, else this system's authorities.
};

// Reads `url`; no error ever shows it. A server that is not on this machine is spoken to by TLS
// unless the url or the settings say otherwise. Errors: bad_setting.
Result<PostgresAddress> read_postgres_url(const std::string& target, const std::string& url,
                                          const PostgresTls& tls);

// Every server of the address, in its order, each with every address that its name has. Errors:
// name_not_found, timed_out.
Awaitable<Result<std::vector<PostgresEndpoint>>> find_endpoints(Loop& loop, PostgresAddress address,
                                                                double until_s);

// A connection string or url by libpq's own parser, without empty values; nothing where it is none.
std::optional<ConnectionParameters> parse_connection_string(const std::string& text);

// The variables by which PostgreSQL's own programs take the parameters ("PGPASSWORD=…"): nothing of
// them stands in an argument.
std::vector<std::string> environment_of(const ConnectionParameters& parameters);

}  // namespace perilune
