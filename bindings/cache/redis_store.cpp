// Addresses, authentication and refusals of Redis.
#include "bindings/cache/redis_store.h"

#include <algorithm>
#include <set>

#include "interpreter/base/http_headers.h"

namespace perilune {

namespace {

constexpr double session_s_max = 30;
constexpr const char* scan_count = "500";

struct RedisUrl {
    LineAddress address;
    std::string database;
};

// redis://host:port/database, or rediss:// for TLS.
Result<RedisUrl> read_url(const std::string& url) {
    const auto wrong = [] {
        return fail("bad_setting",
                    "url must be redis://host:port/database, or rediss:// for TLS. The user and "
                    "password are settings of their own.");
    };
    RedisUrl read;
    std::string_view rest = url;
    if (rest.starts_with("rediss://")) {
        read.address.tls = true;
        rest.remove_prefix(9);
    } else if (rest.starts_with("redis://")) {
        rest.remove_prefix(8);
    } else {
        return wrong();
    }
    if (rest.find('@') != std::string_view::npos) return wrong();
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos) read.database = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    const auto colon = rest.rfind(':');
    read.address.host = rest.substr(0, colon);
    read.address.port = colon == std::string_view::npos ? "6379" : rest.substr(colon + 1);
    const bool digits =
        std::ranges::all_of(read.database, [](char c) { return c >= '0' && c <= '9'; });
    if (read.address.host.empty() || read.address.port.empty() || !digits) return wrong();
    return read;
}

Error refusal(const std::string& target, const std::string& command, const std::string& said) {
    const std::string word = said.substr(0, said.find(' '));
    const std::string message = target + ": Redis refuses " + command + ": " + said + ".";
    if (word == "WRONGTYPE") return fail("wrong_type", message);
    if (word == "NOAUTH" || word == "WRONGPASS" || said.find("invalid password") != said.npos ||
        said.find("AUTH <password> called without") != said.npos)
        return fail("credentials_refused", message + " Check the user and the password.");
    if (word == "NOPERM") return fail("not_allowed", message + " Check the user's rights.");
    const bool passes = word == "LOADING" || word == "BUSY" || word == "TRYAGAIN";
    return fail("refused", message, passes ? Retry::safe : Retry::never);
}

}  // namespace

Result<RedisSession> RedisSession::open(const RedisStore& store, const Call& call) {
    const auto opened = open_text(call, store.url);
    if (!opened) return opened.error();
    auto url = read_url(*opened);
    if (!url) return url.error();
    url->address.certificate_authority = store.certificate_authority;
    const double until_s = std::min(call.deadline_s, boot_now_s() + session_s_max);
    auto line = ByteLine::open(url->address, until_s);
    if (!line) {
        Error error = line.error();
        error.message = store.target + ": " + error.message;
        return error;
    }
    // What follows is given until the call's own deadline: a scan may take minutes.
    RedisSession session(RespLine(std::move(*line)), store.target, call.deadline_s);
    if (!store.password.is_nil()) {
        const auto password = open_text(call, store.password);
        if (!password) return password.error();
        std::vector<std::string> words = {"AUTH"};
        if (!store.user.empty()) words.push_back(store.user);
        words.push_back(*password);
        if (const auto known = session.ask(words); !known) return known.error();
    }
    if (!url->database.empty())
        if (const auto chosen = session.ask({"SELECT", url->database}); !chosen)
            return chosen.error();
    return session;
}

Result<RespReply> RedisSession::ask(const std::vector<std::string>& words) {
    auto reply = line_.ask(words, until_s_);
    if (!reply) {
        Error error = reply.error();
        error.message = target_ + ": " + words[0] + ": " + error.message;
        return error;
    }
    if (reply->kind == RespReply::Kind::error) return refusal(target_, words[0], reply->text);
    return reply;
}

Result<std::string> RedisSession::info(const std::string& section, const std::string& field) {
    const auto reply = ask({"INFO", section});
    if (!reply) return reply.error();
    const auto at = reply->text.find("\n" + field + ":");
    if (at == std::string::npos) return std::string();
    const auto begin = at + field.size() + 2;
    return reply->text.substr(begin, reply->text.find_first_of("\r\n", begin) - begin);
}

Result<std::vector<std::string>> matching_keys(RedisSession& session, const std::string& pattern,
                                               const Call& call) {
    std::set<std::string> keys;  // SCAN may give a key twice.
    std::string cursor = "0";
    do {
        const auto reply = session.ask({"SCAN", cursor, "MATCH", pattern, "COUNT", scan_count});
        if (!reply) return reply.error();
        if (reply->list.size() != 2)
            return fail("bad_answer", "Redis's answer to SCAN is not as expected.", Retry::safe);
        cursor = reply->list[0].text;
        for (const auto& key : reply->list[1].list) keys.insert(key.text);
        if (call.cancel->asked())
            return fail("cancelled", "Looking through the keys was told to stop.", Retry::safe);
    } while (cursor != "0");
    return std::vector<std::string>(keys.begin(), keys.end());
}

}  // namespace perilune
