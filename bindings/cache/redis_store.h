// A Redis server as the driver sees it: where it is, and commands whose failures are told well.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/cache/resp.h"
#include "interpreter/base/driver.h"

namespace perilune {

struct RedisStore {
    Loop& loop;
    std::string target;
    Value url;
    std::string user;
    Value password;
    std::string sessions;  // The pattern of session keys; empty: not known.
    std::string certificate_authority;
};
using RedisStorePointer = std::shared_ptr<const RedisStore>;

// One connection, authenticated, with its database chosen.
class RedisSession {
public:
    static Result<RedisSession> open(const RedisStore& store, const Call& call);

    // The reply, where the server does not refuse. WRONGTYPE is `wrong_type`; LOADING, BUSY and
    // READONLY say that nothing was executed, and `retry` is `safe`.
    Result<RespReply> ask(const std::vector<std::string>& words);
    // The field of INFO's answer; empty where it has none.
    Result<std::string> info(const std::string& section, const std::string& field);

private:
    RedisSession(RespLine line, std::string target, double until_s)
        : line_(std::move(line)), target_(std::move(target)), until_s_(until_s) {}

    RespLine line_;
    std::string target_;
    double until_s_;
};

// The keys that match, a piece at a time (SCAN), each once.
Result<std::vector<std::string>> matching_keys(RedisSession& session, const std::string& pattern,
                                               const Call& call);

void add_redis_observes(Driver& driver, const RedisStorePointer& store);
void add_redis_changes(Driver& driver, const RedisStorePointer& store);

}  // namespace perilune
