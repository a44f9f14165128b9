// S3 servers for tests: Ceph's gateway, with real storage behind it, and moto, which knows more of
// AWS.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/value.h"
#include "tests/services/service.h"

namespace perilune::test {

class S3Server {
public:
    virtual ~S3Server() = default;
    virtual int port() const = 0;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

    static constexpr const char* access_key_id = "AKTEST";
    static constexpr const char* secret_access_key = "a-secret-of-the-test";

    // A name for a bucket that no other test has.
    static std::string new_bucket();
    // What AWS's own client is told: boto("put_object", { Bucket, Key, Body }). A body that it
    // gets comes as its SHA-256 in hexadecimal. Throws what the client raises.
    Value boto(const std::string& operation, const Map& parameters) const;
    // What rclone prints; "s3:BUCKET/KEY" names an object.
    ProgramEnd rclone(std::vector<std::string> words) const;
};

// A monitor, a store in a file and the gateway. It takes ten seconds to start, so all tests of a
// program share one; null where Ceph, or boto3 to read back with, is not installed, which is said
// as by has_program.
S3Server* shared_ceph();
// Null where moto is not installed, likewise.
S3Server* shared_moto();

}  // namespace perilune::test
