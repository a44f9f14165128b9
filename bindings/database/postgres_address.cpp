#include "bindings/database/postgres_address.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "bindings/database/postgres_wait.h"

namespace perilune {

namespace {

constexpr const char* default_port = "5432";
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

// What a connection has unless the url says otherwise. A peer that went away without a word is
// noticed within half a minute, and Kerberos, whose library blocks, is not tried.
const std::map<std::string, std::string> defaults = {
    {"application_name", "perilune"}, {"gssencmode", "disable"}, {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},     {"keepalives_count", "3"}, {"tcp_user_timeout", "25000"},
};

Error bad_url(const std::string& target, const std::string& what) {
    return fail("bad_setting",
                "The url of " + target + " " + what +
                    ". Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with "
                    "characters such as @ or / in the password percent-encoded.");
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> pieces;
    std::size_t from = 0;
    for (;;) {
        const auto comma = text.find(',', from);
        pieces.push_back(text.substr(from, comma - from));
        if (comma == std::string::npos) return pieces;
        from = comma + 1;
    }
}

// The hosts of an address, each with its port; the numeric address where the url gives one.
std::vector<PostgresEndpoint> hosts_of(const PostgresAddress& address) {
    const auto hosts = split(address.parameter("host"));
    const auto numeric = split(address.parameter("hostaddr"));
    const auto ports = split(address.parameter("port"));
    std::vector<PostgresEndpoint> endpoints;
    for (std::size_t i = 0; i < std::max(hosts.size(), numeric.size()); ++i) {
        PostgresEndpoint endpoint;
        if (i < hosts.size()) endpoint.host = hosts[i];
        if (i < numeric.size()) endpoint.address = numeric[i];
        if (endpoint.host.empty()) endpoint.host = endpoint.address;
        endpoint.port = ports.size() == 1 ? ports[0] : i < ports.size() ? ports[i] : "";
        if (endpoint.port.empty()) endpoint.port = default_port;
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

bool is_socket(const PostgresEndpoint& endpoint) {
    return endpoint.host.starts_with("/") || endpoint.host.starts_with("@");
}

bool is_numeric(const std::string& host) {
    in6_addr room{};
    return ::inet_pton(AF_INET, host.c_str(), &room) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

bool is_here(const PostgresEndpoint& endpoint) {
    const std::string& host = endpoint.address.empty() ? endpoint.host : endpoint.address;
    return is_socket(endpoint) || host == "localhost" || host == "::1" || host.starts_with("127.");
}

// What a setting says in place of the url.
Status set_beside_url(PostgresAddress& address, const std::string& keyword,
                      const std::string& value, const std::string& setting) {
    if (value.empty()) return Done{};
    if (address.parameters.contains(keyword))
        return bad_url(address.target, "says " + keyword + ", and so does the setting `" + setting +
                                           "`: leave one of them out");
    address.parameters[keyword] = value;
    return Done{};
}

Status settle_tls(PostgresAddress& address, const PostgresTls& tls) {
    auto& parameters = address.parameters;
    Status set = set_beside_url(address, "sslmode", tls.mode, "tls");
    if (set) set = set_beside_url(address, "sslrootcert", tls.ca_file, "ca_file");
    if (!set) return set;
    const auto hosts = hosts_of(address);
    const bool here = std::all_of(hosts.begin(), hosts.end(), is_here);
    parameters.try_emplace("sslmode", here ? "prefer" : "require");
    if (parameters["sslmode"].starts_with("verify"))
        parameters.try_emplace("sslrootcert", system_authorities);
    return Done{};
}

// The numeric addresses of one name, or why there are none.
Result<std::vector<std::string>> resolve(const std::string& host) {
    addrinfo wish{};
    wish.ai_socktype = SOCK_STREAM;
    wish.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &wish, &found);
    if (code != 0) return fail("name_not_found", ::gai_strerror(code), Retry::safe);
    std::vector<std::string> addresses;
    for (const addrinfo* one = found; one; one = one->ai_next) {
        char text[NI_MAXHOST] = {};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0,
                          NI_NUMERICHOST) == 0)
            addresses.emplace_back(text);
    }
    ::freeaddrinfo(found);
    return addresses;
}

}  // namespace

const std::string& PostgresAddress::parameter(const std::string& name) const {
    static const std::string none;
    const auto found = parameters.find(name);
    return found == parameters.end() ? none : found->second;
}

PostgresAddress PostgresAddress::with_database(const std::string& name) const {
    PostgresAddress other = *this;
    other.parameters["dbname"] = name;
    return other;
}

std::string PostgresAddress::show() const {
    std::string hosts;
    for (const auto& endpoint : hosts_of(*this))
        hosts += (hosts.empty() ? "" : ", ") + endpoint.show();
    return database() + " at " + hosts;
}

std::string PostgresEndpoint::show() const { return host + ":" + port; }

Result<PostgresAddress> read_postgres_url(const std::string& target, const std::string& url,
                                          const PostgresTls& tls) {
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
        return bad_url(target, "is no PostgreSQL url");
    if (url.find('\0') != std::string::npos) return bad_url(target, "holds a NUL byte");
    // What libpq says of a bad one quotes it, password and all: it is not shown.
    auto parameters = parse_connection_string(url);
    if (!parameters) return bad_url(target, "could not be read");
    PostgresAddress address{.target = target, .parameters = std::move(*parameters)};
    if (address.parameter("host").empty() && address.parameter("hostaddr").empty())
        return bad_url(target, "names no host");
    if (address.parameter("user").empty()) return bad_url(target, "names no user");
    if (address.database().empty()) return bad_url(target, "names no database");
    for (const auto& [keyword, value] : defaults) address.parameters.try_emplace(keyword, value);
    if (const auto settled = settle_tls(address, tls); !settled) return settled.error();
    return address;
}

Awaitable<Result<std::vector<PostgresEndpoint>>> find_endpoints(Loop& loop, PostgresAddress address,
                                                                double until_s) {
    std::vector<PostgresEndpoint> endpoints;
    Error last = fail("name_not_found", "");
    for (auto& host : hosts_of(address)) {
        if (is_socket(host) || !host.address.empty() || is_numeric(host.host)) {
            if (!is_socket(host) && host.address.empty()) host.address = host.host;
            endpoints.push_back(host);
            continue;
        }
        std::function<Result<std::vector<std::string>>()> work = [name = host.host] {
            return resolve(name);
        };
        const auto resolved = co_await off_loop_within(loop, work, until_s);
        const std::string doing = "Connecting to " + address.target + " (" + address.show() + ")";
        if (!resolved) {
            last = fail("timed_out",
                        doing + ": the name " + host.host +
                            " was not resolved in time. Check the name servers.",
                        Retry::safe);
        } else if (!*resolved) {
            last = fail("name_not_found",
                        doing + ": the name " + host.host + " could not be resolved: " +
                            resolved->error().message + ". Check the url and the name servers.",
                        Retry::safe);
        } else {
            for (const auto& numeric : **resolved) {
                host.address = numeric;
                endpoints.push_back(host);
            }
        }
    }
    if (endpoints.empty()) co_return last;
    co_return endpoints;
}

}  // namespace perilune
