// Connecting: libpq's PQconnectPoll on the host's loop, one server and one time limit after
// another.
#include <libpq-fe.h>

#include "bindings/database/postgres_connection.h"
#include "bindings/database/postgres_errors.h"
#include "bindings/database/postgres_functions.h"
#include "bindings/database/postgres_wait.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.1;

// What a target with several servers asks of the one to use (`target_session_attrs`). libpq itself
// tries the others only where it knows them all; here it knows one at a time.
std::vector<std::string> wishes_of(const PostgresAddress& address) {
    const std::string& wish = address.parameter("target_session_attrs");
    if (wish == "prefer-standby") return {"standby", "any"};
    return {wish.empty() ? "any" : wish};
}

// Trying another server, or again, would only repeat what this one refused.
bool ends_the_search(const Error& error) {
    return error.code == "credentials_refused" || error.code == "cancelled";
}

}  // namespace

PostgresConnection::PostgresConnection(Loop& loop, PostgresAddress address,
                                       PostgresEndpoint endpoint, PostgresLimits limits)
    : loop_(loop),
      address_(std::move(address)),
      endpoint_(std::move(endpoint)),
      limits_(std::move(limits)) {}

PostgresConnection::~PostgresConnection() = default;

void PostgresConnection::close() { connection_.reset(); }

Awaitable<Result<std::unique_ptr<PostgresConnection>>> PostgresConnection::open(
    Loop& loop, PostgresAddress address, PostgresLimits limits) {
    const double resolved_by_s =
        std::min(limits.deadline_s, boot_now_s() + limits.connect_timeout_s);
    const auto endpoints = co_await find_endpoints(loop, address, resolved_by_s);
    if (!endpoints) co_return endpoints.error();
    std::optional<Error> failed;
    for (const auto& wish : wishes_of(address)) {
        for (const auto& endpoint : *endpoints) {
            PostgresPointer made(new PostgresConnection(loop, address, endpoint, limits));
            const auto connected = co_await made->connect(wish);
            if (connected) co_return made;
            // With several addresses the first one's words say most: it is the preferred one.
            if (!failed || ends_the_search(connected.error())) failed = connected.error();
            if (ends_the_search(connected.error())) co_return *failed;
        }
    }
    co_return *failed;
}

bool PostgresConnection::start_connecting(const std::string& session_attributes) {
    ConnectionParameters parameters = address_.parameters;
    parameters["host"] = endpoint_.host;
    parameters["hostaddr"] = endpoint_.address;
    parameters["port"] = endpoint_.port;
    parameters["client_encoding"] = "UTF8";
    parameters["target_session_attrs"] = session_attributes;
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0), PQfinish);
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) return false;
    // So that a refusal says its SQLSTATE, which no language of the server changes.
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    return true;
}

Awaitable<Status> PostgresConnection::connect(std::string session_attributes) {
    const double began_s = boot_now_s();
    const double until_s = std::min(limits_.deadline_s, began_s + limits_.connect_timeout_s);
    bool started = start_connecting(session_attributes);
    PostgresPollingStatusType state = started ? PGRES_POLLING_WRITING : PGRES_POLLING_FAILED;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        if (const auto stop = asked_to_stop()) co_return *stop;
        if (boot_now_s() >= until_s) {
            close();
            co_return fail("timed_out",
                           "Connecting to " + name() +
                               " was not answered in time. Check the network, the firewall and "
                               "whether the server hangs.",
                           Retry::safe);
        }
        const SocketWish wish =
            state == PGRES_POLLING_READING ? SocketWish::read : SocketWish::write;
        // A new socket is made for each address and for each way to speak TLS.
        const int socket = PQsocket(connection_.get());
        const double look_at_s = std::min(until_s, boot_now_s() + look_every_s);
        const bool ready = co_await wait_for_socket(loop_, socket, wish, look_at_s);
        if (ready) state = PQconnectPoll(connection_.get());
    }
    if (state == PGRES_POLLING_OK) {
        PQsetnonblocking(connection_.get(), 1);
        PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
        co_return Done{};
    }
    const std::string words =
        connection_ ? PQerrorMessage(connection_.get()) : "there is no memory for it";
    const bool wants_password = connection_ && PQconnectionNeedsPassword(connection_.get());
    close();
    co_return connect_error(name(), words, wants_password);
}

Result<std::string> PostgresConnection::hide_password(const std::string& user,
                                                      const std::string& password) const {
    char* hidden = connection_ ? PQencryptPasswordConn(connection_.get(), password.c_str(),
                                                       user.c_str(), "scram-sha-256")
                               : nullptr;
    if (!hidden)
        return fail("sql_failed",
                    "The password of " + user + " could not be made ready for " + name() + ".");
    const std::string text = hidden;
    PQfreemem(hidden);
    return text;
}

std::optional<ConnectionParameters> parse_connection_string(const std::string& text) {
    char* why = nullptr;
    PQconninfoOption* options = PQconninfoParse(text.c_str(), &why);
    PQfreemem(why);
    if (!options) return std::nullopt;
    ConnectionParameters parameters;
    for (const PQconninfoOption* option = options; option->keyword; ++option)
        if (option->val && *option->val) parameters[option->keyword] = option->val;
    PQconninfoFree(options);
    return parameters;
}

std::vector<std::string> environment_of(const ConnectionParameters& parameters) {
    std::vector<std::string> variables;
    PQconninfoOption* options = PQconndefaults();
    for (const PQconninfoOption* option = options; option && option->keyword; ++option) {
        const auto found = parameters.find(option->keyword);
        if (option->envvar && found != parameters.end())
            variables.push_back(std::string(option->envvar) + "=" + found->second);
    }
    PQconninfoFree(options);
    return variables;
}

}  // namespace perilune
