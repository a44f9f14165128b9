// The driver `s3` with a bucket of its own on a server, for tests.
#pragma once

#include <memory>

#include "interpreter/base/http_client.h"
#include "tests/bindings/storage/storage_conformance.h"
#include "tests/services/s3.h"

namespace perilune::test {

// What must live as long as the driver.
struct S3Keeps {
    std::unique_ptr<HttpClient> http;
    std::string bucket;
    std::map<std::string, std::string> secrets;  // Those that the driver gave the host to keep.
};

inline Map s3_settings(const std::string& url, const std::string& bucket) {
    return {{"endpoint", url},
            {"bucket", bucket},
            {"credentials", Map{{"access_key_id", S3Server::access_key_id},
                                {"secret_access_key", S3Server::secret_access_key}}}};
}

// A rig whose target is `bucket` at `url`, which need not be there.
inline std::unique_ptr<StorageRig> make_s3_at(const std::string& url, const std::string& bucket,
                                              const Map& more = {}) {
    auto made = std::make_unique<StorageRig>();
    made->rig = std::make_unique<TargetsRig>();
    const auto keeps = std::make_shared<S3Keeps>();
    Services& services = made->rig->services();
    keeps->http = HttpClient::make(services.loop);
    keeps->bucket = bucket;
    services.http = keeps->http.get();
    services.keep_secret = [keeps = keeps.get()](const std::string& name,
                                                 const std::string& value) {
        keeps->secrets[name] = value;
        return make_secret(name);
    };
    made->keeps = keeps;
    made->other = std::make_shared<MemoryObjects>();
    made->moment_s = 1;
    Map settings = s3_settings(url, bucket);
    for (const auto& [name, value] : more) settings.insert_or_assign(name, value);
    made->rig->add(made->target, storage_family, s3_kind, settings);
    made->rig->add("storage/other", storage_family, memory_driver(made->other));
    return made;
}

enum class Versioning { on, never };

// Ceph 16 refuses If-Match in buckets that keep versions.
inline const Map ceph_settings = {{"conditions", "look"}};

inline std::unique_ptr<StorageRig> make_s3(const S3Server& server,
                                           Versioning versioning = Versioning::on,
                                           const Map& more = {}) {
    auto made = make_s3_at(server.url(), S3Server::new_bucket(), more);
    const auto bucket = made->change("create_bucket");
    REQUIRE_MESSAGE(bucket.ok(), bucket.message());
    if (versioning == Versioning::never) return made;
    const auto versioned = made->change("set_versioning", {{"state", "on"}});
    REQUIRE_MESSAGE(versioned.ok(), versioned.message());
    return made;
}

inline const S3Keeps& keeps_of(const StorageRig& rig) {
    return *std::static_pointer_cast<S3Keeps>(rig.keeps);
}

}  // namespace perilune::test
