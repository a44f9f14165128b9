// What storage drivers do alike, whatever holds their objects: between two targets, over many keys.
#pragma once

#include <functional>
#include <optional>

#include "interpreter/base/driver.h"
#include "interpreter/base/stream.h"

namespace perilune {

// An error for a call that was told to stop between two pieces of its work.
std::optional<Error> stop_asked(const Call& call, const std::string& what);

// Copies an object (its description, with at least its key) from port to port, stopping where the
// call is told to. Gives what was stored.
Result<Value> stream_object(ObjectPort& from, const Value& object, ObjectPort& to,
                            const std::string& to_key, Call& call);

// The digest that a port states of an object, or that of the bytes that it gives to read.
Result<std::string> digest_of_object(ObjectPort& port, const Value& object);
Result<std::string> digest_of_bytes(ObjectPort& port, const std::string& key);

// The answer of `verify`; `digest` gives a key's digest, or not_found.
Result<Value> verify_objects(const Call& call, const std::string& target,
                             const std::function<Result<std::string>(const std::string&)>& digest);

// The answer of `compare`. A target whose own digests were noted at writing has its bytes read: a
// noted digest says nothing about rot since.
enum class OwnDigests { as_stated, of_bytes };
Result<Value> compare_objects(const Call& call, const std::string& target, ObjectPort& ours,
                              ObjectPort& theirs, OwnDigests own);

// What `sync` has to do, found by reading only.
struct SyncWork {
    List copies;  // Objects as the other target describes them.
    std::vector<std::string> deletions;
    double unchanged = 0;
};
Result<SyncWork> find_sync_work(const Call& call, const std::string& target, ObjectPort& ours,
                                ObjectPort& theirs);
Value sync_result(double copied, double deleted, double unchanged, double copied_bytes);

// Refuses where more would go than a call allows.
Status check_deletions(const std::string& target, std::size_t count, double most);
// "3 objects"
std::string count_of_objects(std::size_t count);

}  // namespace perilune
