#include "bindings/database/postgres_errors.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace perilune {

namespace {

struct Meaning {
    std::string_view state;  // A SQLSTATE, or the beginning of several.
    std::string_view code;
    Retry retry;
    std::string_view advice;
};

// The first that fits counts, so a whole SQLSTATE stands before its class.
constexpr std::array meanings = {
    Meaning{"25006", "read_only", Retry::never, "It takes no writes: a replica, or set so."},
    Meaning{"40001", "database_busy", Retry::safe, "Others changed the same rows; try again."},
    Meaning{"40P01", "database_busy", Retry::safe, "Others held what it needed; try again."},
    Meaning{"55P03", "database_busy", Retry::safe, "Others hold a lock; see `sessions`."},
    Meaning{"55006", "database_busy", Retry::safe, "Others use it; see `sessions`."},
    Meaning{"53100", "disk_full", Retry::never, "Make room on the server."},
    Meaning{"53300", "too_many_connections", Retry::safe, "Wait, or end sessions."},
    Meaning{"57014", "timed_out", Retry::safe, "Give it more with `timeout`."},
    Meaning{"57P01", "connection_lost", Retry::safe, "The server ended the connection."},
    Meaning{"57P02", "connection_lost", Retry::safe, "The server crashed; it starts again."},
    Meaning{"57P03", "not_ready", Retry::safe, "The server is starting or stopping."},
    Meaning{"25P03", "connection_lost", Retry::safe, "The server ended an idle transaction."},
    Meaning{"42501", "not_allowed", Retry::never, "Grant it to the user of the url."},
    Meaning{"42P01", "not_found", Retry::never, ""},
    Meaning{"3D000", "not_found", Retry::never, "See which databases the server has."},
    Meaning{"XX001", "damaged", Retry::never, "Restore it from a backup."},
    Meaning{"XX002", "damaged", Retry::never, "Build the index anew with `reindex`."},
    Meaning{"28", "credentials_refused", Retry::never,
            "Check user and password of the url, and the server's pg_hba.conf."},
    Meaning{"23", "constraint_failed", Retry::never, ""},
    Meaning{"08", "connection_lost", Retry::safe, ""},
};

// Of a statement it only says that something is not as the statement needs it.
constexpr Meaning closed = {"55000", "fenced", Retry::never,
                            "Let it take connections again: `alter database … allow_connections`."};

Meaning meaning_of(const std::string& state) {
    const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) {
        return !state.empty() && state.starts_with(one.state);
    });
    return found == meanings.end() ? Meaning{"", "sql_failed", Retry::never, ""} : *found;
}

std::string sentence(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    if (!text.empty() && text.back() != '.') text += '.';
    return text;
}

std::string with_space(const std::string& text) { return text.empty() ? "" : " " + sentence(text); }

// The SQLSTATE in "FATAL:  28P01: password authentication failed"; empty where there is none.
std::string state_in(const std::string& words, std::size_t& message_at) {
    for (auto at = words.find(":  "); at != std::string::npos; at = words.find(":  ", at + 1)) {
        const std::string state = words.substr(at + 3, 5);
        const bool well = state.size() == 5 && words.substr(at + 8, 2) == ": " &&
                          std::all_of(state.begin(), state.end(), [](unsigned char c) {
                              return std::isupper(c) || std::isdigit(c);
                          });
        message_at = at + 10;
        if (well) return state;
    }
    return {};
}

bool has(const std::string& words, std::string_view part) {
    return words.find(part) != std::string::npos;
}

// libpq's own failures, before the server has said anything.
Meaning meaning_of_words(const std::string& words) {
    if (has(words, "SSL") || has(words, "certificate"))
        return {"", "tls_failed", Retry::never,
                "Check the server's TLS and certificate, and `tls` and `ca_file` of the target."};
    if (has(words, "Connection refused"))
        return {"", "refused", Retry::safe, "Check that the server runs and listens there."};
    if (has(words, "target_session_attrs") || has(words, "session is") ||
        has(words, "server is in hot standby mode") || has(words, "server is not in"))
        return {"", "not_ready", Retry::safe, "No server of the url is what it asks for."};
    return {"", "unreachable", Retry::safe, "Check the address, the network and the server."};
}

}  // namespace

bool hinders(const Error& error) {
    return error.code == "connection_lost" || error.code == "timed_out" ||
           error.code == "cancelled";
}

Error postgres_error(const std::string& name, const PostgresSaid& said) {
    const Meaning meaning = meaning_of(said.state);
    std::string message = name + " answered: " + said.message;
    if (!said.state.empty()) message += " (" + said.state + ")";
    message = sentence(message) + with_space(said.detail) + with_space(said.hint);
    if (!said.at.empty()) message += " It stopped at: " + said.at;
    return fail(meaning.code, message + with_space(std::string(meaning.advice)), meaning.retry);
}

Error connect_error(const std::string& name, const std::string& words, bool wants_password) {
    std::size_t message_at = 0;
    const std::string state = state_in(words, message_at);
    const std::string doing = "Connecting to " + name + " failed: ";
    if (wants_password)
        return fail("credentials_refused",
                    doing + "the server asks for a password, and the url has none.");
    if (state.empty()) {
        const Meaning meaning = meaning_of_words(words);
        return fail(meaning.code, doing + sentence(words) + with_space(std::string(meaning.advice)),
                    meaning.retry);
    }
    const std::string message = words.substr(message_at, words.find('\n', message_at) - message_at);
    const Meaning meaning = state == closed.state ? closed : meaning_of(state);
    return fail(
        meaning.code,
        doing + sentence(message + " (" + state + ")") + with_space(std::string(meaning.advice)),
        meaning.retry);
}

}  // namespace perilune
