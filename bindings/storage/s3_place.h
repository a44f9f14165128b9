// Where a bucket is, and how its target's settings say that.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

struct S3Place {
    std::string target;     // "storage/backups"
    std::string base;       // "https://s3.eu-west-1.amazonaws.com/bucket", without a last slash.
    std::string bucket;     // "backups"
    std::string prefix;     // Before every key; empty, or with a slash at its end.
    std::string region;     // As it is signed: "eu-west-1", "auto".
    std::string authority;  // Path of a PEM file; empty: the system's.
    Value credentials;      // Handles, opened at use.
    std::string replication_role;
    bool sends_checksums = true;
    bool etags_are_digests = true;
    bool service_holds_conditions = true;
    std::size_t part_bytes = 8 << 20;
    std::size_t at_once = 3;  // Parts of one object under way.

    // The key as the bucket has it; refuses what would not come back as it is.
    Result<std::string> full_key(const std::string& key) const;
    std::string full_prefix(const std::string& key_prefix) const { return prefix + key_prefix; }
    // The key as a runbook knows it.
    std::string own_key(const std::string& full) const { return full.substr(prefix.size()); }
};

Result<S3Place> read_s3_place(const Settings& settings);

// A query's fields: names and values, neither of them encoded.
using S3Query = std::vector<std::pair<std::string, std::string>>;

// The URL of an object, or, where the full key is empty, of the bucket.
std::string url_of(const S3Place& place, const std::string& full_key, const S3Query& query);

// A key's bytes as S3 wants them in a path or a header: everything but letters, digits, "-._~" and
// the slashes as %XX.
std::string encode_key(std::string_view key);
// What encode_key, or a listing with encoding-type=url, made of a key.
std::string decode_key(std::string_view text);

}  // namespace perilune
