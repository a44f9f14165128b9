// A host that dies while it sends a large object: the next try sends only what is missing.
#include <fstream>

#include "interpreter/base/json.h"
#include "tests/bindings/storage/child_of_test.h"
#include "tests/bindings/storage/s3_proxy.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

constexpr std::size_t mib = 1 << 20;
constexpr int parts = 8;
constexpr const char* call_key = "00112233445566778899aabbccddeeff";

std::string content() {
    std::string bytes(parts * 5 * mib - 11, '\0');
    unsigned seed = 3;
    for (char& c : bytes) {
        seed = seed * 1664525 + 1013904223;
        c = static_cast<char>(seed >> 24);
    }
    return bytes;
}

std::unique_ptr<StorageRig> rig_at(const std::string& url, const std::string& bucket) {
    auto rig =
        make_s3_at(url, bucket, {{"part_size", "5MiB"}, {"at_once", 1}, {"conditions", "look"}});
    rig->other->put("large", content());
    return rig;
}

// The same call in every process, as the journal gives it back.
Call sync_call(StorageRig& rig) {
    Call call = *rig.rig->make_call(rig.target, "sync", {{"from", "storage/other"}});
    call.key = call_key;
    return call;
}

Outcome act(StorageRig& rig, Call& call) {
    const Handler& sync = rig.rig->driver(rig.target).operations.at("sync");
    return rig.rig->await(sync.act(call, Value()));
}

// The parts that a child has made durable, one in a line.
Map read_parts(const std::string& path) {
    Map kept;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (const auto part = from_json(line))
            kept.insert_or_assign((*part)["name"].text(), (*part)["value"]);
    return kept;
}

}  // namespace

TEST_CASE("child_sends_a_large_object_and_keeps_its_parts" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    std::ifstream told(folder + "/where");
    std::string url, bucket;
    told >> url >> bucket;
    const auto rig = rig_at(url, bucket);
    Call call = sync_call(*rig);
    std::ofstream kept(folder + "/parts", std::ios::app);
    call.keep_part = [&](std::string name, Value value, std::function<void()> durable) {
        kept << to_json(Value().set("name", name).set("value", std::move(value))) << std::endl;
        tell_parent();
        durable();
    };
    CHECK(act(*rig, call).kind == Outcome::Kind::done);
}

TEST_CASE("goes_on_with_a_large_object_where_a_dead_host_left_off") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto made = make_s3(*server, Versioning::on, ceph_settings);
    const std::string bucket = keeps_of(*made).bucket;
    const TemporaryFolder folder;
    std::ofstream(folder.path("where")) << server->url() << " " << bucket;
    {
        ChildOfTest child("child_sends_a_large_object_and_keeps_its_parts", folder.path());
        for (int told = 0; told < 4; ++told) REQUIRE(child.wait_told());
        child.kill_now();
    }
    const Map kept = read_parts(folder.path("parts"));
    REQUIRE(kept.size() >= 4);  // The upload's name, and parts of it.
    REQUIRE(kept.size() <= parts);
    CHECK(made->observe("list")->list().empty());

    S3Proxy proxy(*server);
    const auto rig = rig_at(proxy.url(), bucket);
    Call call = sync_call(*rig);
    call.parts = kept;
    const Outcome outcome = act(*rig, call);
    REQUIRE_MESSAGE(outcome.kind == Outcome::Kind::done, outcome.error.message);
    CHECK(outcome.value["copied"].number() == 1);
    CHECK(proxy.count("POST", "uploads=") == 0);
    CHECK(proxy.count("PUT", "partNumber=") == parts - (kept.size() - 1));
    CHECK(*made->observe("digest", {{"key", "large"}}) == Value(to_hex(sha256(content()))));
    CHECK(made->observe("versions", {{"key", "large"}})->list().size() == 1);
}

TEST_CASE("sends_all_anew_where_the_upload_was_aborted_meanwhile") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto made = make_s3(*server, Versioning::never, ceph_settings);
    const std::string bucket = keeps_of(*made).bucket;
    const TemporaryFolder folder;
    std::ofstream(folder.path("where")) << server->url() << " " << bucket;
    {
        ChildOfTest child("child_sends_a_large_object_and_keeps_its_parts", folder.path());
        for (int told = 0; told < 3; ++told) REQUIRE(child.wait_told());
        child.kill_now();
    }
    CHECK(made->change("abort_uploads", {{"older_than", 0}}).value()["uploads"].number() == 1);
    S3Proxy proxy(*server);
    const auto rig = rig_at(proxy.url(), bucket);
    Call call = sync_call(*rig);
    call.parts = read_parts(folder.path("parts"));
    CHECK(act(*rig, call).kind == Outcome::Kind::done);
    CHECK(proxy.count("PUT", "partNumber=") == parts);
    CHECK(*made->observe("digest", {{"key", "large"}}) == Value(to_hex(sha256(content()))));
}

TEST_CASE("finds_an_object_that_a_dead_host_had_completed") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto made = make_s3(*server, Versioning::on, ceph_settings);
    S3Proxy proxy(*server);
    const auto rig = rig_at(proxy.url(), keeps_of(*made).bucket);
    Call call = sync_call(*rig);
    call.keep_part = [&](std::string, Value, std::function<void()> durable) { durable(); };
    REQUIRE(act(*rig, call).kind == Outcome::Kind::done);
    // The host dies here: what it sent is there, its result is not recorded.
    const std::size_t sent = proxy.count("PUT", "partNumber=");
    REQUIRE(act(*rig, call).kind == Outcome::Kind::done);
    CHECK(proxy.count("PUT", "partNumber=") == sent);
    CHECK(made->observe("versions", {{"key", "large"}})->list().size() == 1);
}

}  // namespace perilune::test
