// Large objects: in parts, in little memory, gone on with after a crash, and given up cleanly.
#include <fstream>

#include "bindings/storage/s3_object.h"
#include "bindings/storage/s3_upload.h"
#include "interpreter/base/json.h"
#include "tests/bindings/storage/child_of_test.h"
#include "tests/bindings/storage/s3_proxy.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

constexpr std::size_t mib = 1 << 20;
const Map small_parts = {{"part_size", "5MiB"}, {"conditions", "look"}};

// Bytes that differ everywhere and are the same in every process.
std::string bytes_of(std::size_t count, unsigned seed = 1) {
    std::string bytes(count, '\0');
    for (char& c : bytes) {
        seed = seed * 1664525 + 1013904223;
        c = static_cast<char>(seed >> 24);
    }
    return bytes;
}

ObjectPort& port_of(StorageRig& rig) { return *rig.rig->driver(rig.target).objects; }

Result<Value> stream(StorageRig& rig, const std::string& key, const std::string& bytes) {
    return rig.off_loop([&]() -> Result<Value> {
        auto sink = port_of(rig).write_object(key);
        if (!sink) return sink.error();
        for (std::size_t at = 0; at < bytes.size(); at += 700000) {
            const auto written = (*sink)->write(std::string_view(bytes).substr(at, 700000));
            if (!written) {
                (*sink)->abandon();
                return written.error();
            }
        }
        return (*sink)->commit();
    });
}

std::string read_back(StorageRig& rig, const std::string& key) {
    return rig.off_loop([&]() -> std::string {
        auto source = port_of(rig).read_object(key);
        std::string all;
        for (;;) {
            const auto piece = (*source)->read(mib);
            if (!piece) return piece.error().code;
            if (piece->empty()) return all;
            all += *piece;
        }
    });
}

std::size_t open_uploads(const S3Server& server, const std::string& bucket) {
    const Value listed = server.boto("list_multipart_uploads", {{"Bucket", bucket}});
    return listed["Uploads"].list().size();
}

double peak_memory_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr);
    return 0;
}

}  // namespace

TEST_CASE("streams_large_objects_in_parts_that_another_client_reads_the_same") {
    for (S3Server* server : {shared_ceph(), shared_moto()}) {
        if (!server) continue;
        const auto rig = make_s3(*server, Versioning::never, small_parts);
        const std::string bucket = keeps_of(*rig).bucket;
        const std::string bytes = bytes_of(23 * mib + 17);
        const auto stored = stream(*rig, "large", bytes);
        REQUIRE_MESSAGE(stored.ok(), stored.error().message);
        CHECK((*stored)["digest"].text() == to_hex(sha256(bytes)));
        CHECK((*stored)["size_bytes"].number() == static_cast<double>(bytes.size()));
        CHECK(read_back(*rig, "large") == bytes);
        CHECK(*rig->observe("digest", {{"key", "large"}}) == Value(to_hex(sha256(bytes))));
        const Value got = server->boto("get_object", {{"Bucket", bucket}, {"Key", "large"}});
        CHECK(got["Body"].text() == to_hex(sha256(bytes)));
        CHECK(open_uploads(*server, bucket) == 0);
    }
}

TEST_CASE("streams_objects_of_exactly_one_part_and_of_none") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, small_parts);
    for (const std::size_t size : {std::size_t{0}, 5 * mib - 1, 5 * mib, 5 * mib + 1, 10 * mib}) {
        CAPTURE(size);
        const std::string bytes = bytes_of(size);
        REQUIRE(stream(*rig, "sized", bytes).ok());
        CHECK(read_back(*rig, "sized") == bytes);
    }
}

TEST_CASE("reads_what_another_client_wrote_in_parts_of_its_own") {
    S3Server* server = shared_ceph();
    if (!server || !has_program("rclone")) return;
    const auto rig = make_s3(*server, Versioning::never, small_parts);
    const ServiceFolder folder;
    const std::string bytes = bytes_of(21 * mib, 7);
    folder.write("theirs", bytes);
    const auto copied = server->rclone({"copy", folder.at("theirs"), "s3:" + keeps_of(*rig).bucket,
                                        "--s3-upload-cutoff=5M", "--s3-chunk-size=6M"});
    REQUIRE_MESSAGE(copied.code == 0, copied.output);
    CHECK(read_back(*rig, "theirs") == bytes);
}

// A sanitizer keeps what was freed for a while.
#if defined(__SANITIZE_ADDRESS__)
constexpr double kept_kib_max = 160 * 1024;
#else
constexpr double kept_kib_max = 48 * 1024;
#endif

TEST_CASE("holds_a_few_parts_in_memory_however_long_a_stream_is") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    const std::string block = bytes_of(mib);
    REQUIRE(stream(*rig, "first", block).ok());  // What is needed in any case is there now.
    std::ofstream("/proc/self/clear_refs") << "5";
    const double before_kib = peak_memory_kib();
    const auto stored = rig->off_loop([&]() -> Result<Value> {
        auto sink = port_of(*rig).write_object("long");
        for (int i = 0; i < 400; ++i)
            if (const auto written = (*sink)->write(block); !written) return written.error();
        return (*sink)->commit();
    });
    REQUIRE_MESSAGE(stored.ok(), stored.error().message);
    CHECK((*stored)["size_bytes"].number() == 400.0 * mib);
    const double read = rig->off_loop([&] {
        double bytes = 0;
        auto source = port_of(*rig).read_object("long");
        for (auto piece = (*source)->read(mib); piece && !piece->empty();
             piece = (*source)->read(mib))
            bytes += static_cast<double>(piece->size());
        return bytes;
    });
    CHECK(read == 400.0 * mib);
    CHECK(peak_memory_kib() - before_kib < kept_kib_max);
}

TEST_CASE("notices_a_large_object_that_was_damaged_on_the_way_back") {
    S3Server* server = shared_ceph();
    if (!server) return;
    S3Proxy proxy(*server);
    const auto rig = make_s3(*server, Versioning::never, small_parts);
    REQUIRE(stream(*rig, "large", bytes_of(12 * mib)).ok());
    const auto through = make_s3_at(proxy.url(), keeps_of(*rig).bucket, small_parts);
    proxy.fault({.kind = S3Fault::Kind::damage, .method = "GET", .holds = "/large", .skip = 1});
    CHECK(read_back(*through, "large") == "damaged");
    CHECK(proxy.all_met());
}

TEST_CASE("sends_a_part_again_whose_answer_was_lost_and_finds_a_completion_that_was") {
    S3Server* server = shared_ceph();
    if (!server) return;
    S3Proxy proxy(*server);
    const auto made = make_s3(*server, Versioning::on, small_parts);
    const auto rig = make_s3_at(proxy.url(), keeps_of(*made).bucket, small_parts);
    const std::string bytes = bytes_of(12 * mib);
    using Kind = S3Fault::Kind;
    proxy.fault({.kind = Kind::lose, .method = "PUT", .holds = "partNumber=2"});
    proxy.fault({.kind = Kind::lose, .method = "POST", .holds = "/large?uploadId"});
    REQUIRE(stream(*rig, "large", bytes).ok());
    CHECK(proxy.all_met());
    CHECK(proxy.count("PUT", "partNumber=2") == 2);
    CHECK(read_back(*rig, "large") == bytes);
    CHECK(rig->observe("versions", {{"key", "large"}})->list().size() == 1);
    CHECK(open_uploads(*server, keeps_of(*made).bucket) == 0);
    // An error that comes within the 200 of a completion is one.
    proxy.fault({.kind = Kind::answer,
                 .method = "POST",
                 .holds = "/large?uploadId",
                 .status = 200,
                 .body = s3_error_text("InternalError"),
                 .times = 2});
    REQUIRE(stream(*rig, "large", bytes_of(11 * mib)).ok());
    CHECK(proxy.all_met());
    CHECK(rig->observe("versions", {{"key", "large"}})->list().size() == 2);
}

TEST_CASE("aborts_what_is_given_up_so_that_nothing_is_kept_of_it") {
    S3Server* server = shared_ceph();
    if (!server) return;
    S3Proxy proxy(*server);
    const auto made = make_s3(*server, Versioning::never, small_parts);
    const std::string bucket = keeps_of(*made).bucket;
    const auto rig = make_s3_at(proxy.url(), bucket, small_parts);
    rig->off_loop([&] {
        auto sink = port_of(*rig).write_object("given up");
        const auto written = (*sink)->write(bytes_of(16 * mib));
        CHECK(written.ok());
        (*sink)->abandon();
        return true;
    });
    proxy.fault({.kind = S3Fault::Kind::answer,
                 .method = "PUT",
                 .holds = "partNumber=2",
                 .status = 403,
                 .body = s3_error_text("AccessDenied")});
    CHECK(stream(*rig, "refused", bytes_of(16 * mib)).error().code == "permission_denied");
    CHECK(open_uploads(*server, bucket) == 0);
    CHECK(rig->observe("list")->list().empty());
}

TEST_CASE("clears_away_uploads_that_nobody_has_written_to_for_long") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, small_parts);
    const std::string bucket = keeps_of(*rig).bucket;
    for (const std::string key : {"one", "two +%"})
        server->boto("create_multipart_upload", {{"Bucket", bucket}, {"Key", key}});
    CHECK(rig->change("abort_uploads", {{"older_than", "1h"}}).already_so);
    CHECK(open_uploads(*server, bucket) == 2);
    const auto aborted = rig->change("abort_uploads", {{"older_than", 0}});
    CHECK(aborted.value()["uploads"].number() == 2);
    CHECK(open_uploads(*server, bucket) == 0);
}

TEST_CASE("copies_within_the_bucket_in_parts") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, small_parts);
    const std::string bytes = bytes_of(12 * mib);
    REQUIRE(stream(*rig, "from", bytes).ok());
    Settings settings{.target = "storage/x", .values = {}, .folder = ""};
    settings.values = Value(s3_settings(server->url(), keeps_of(*rig).bucket));
    settings.values.set("region", "us-east-1").set("part_size", 5 * mib).set("at_once", 3);
    const auto s3 = std::make_shared<S3>();
    s3->place = *read_s3_place(settings);
    s3->services = &rig->rig->services();
    const S3Bounds bounds{.deadline_s = boot_now_s() + 60, .cancel = std::make_shared<Cancel>()};
    const auto from = rig->rig->await(head_s3(s3, "from", "", bounds));
    REQUIRE(from.ok());
    S3Writing writing{.doing = "Copying", .key = "to", .full_key = "to"};
    const auto upload = *rig->rig->await(S3Upload::begin(s3, writing, nullptr, bounds));
    const double cut = 5.0 * mib;
    CHECK(rig->rig->await(upload->copy(1, &**from, 0, cut - 1, bounds)).ok());
    CHECK(rig->rig->await(upload->copy(2, &**from, cut, 12.0 * mib - 1, bounds)).ok());
    CHECK(rig->rig->await(upload->complete(2, bounds)).ok());
    CHECK(read_back(*rig, "to") == bytes);
}

}  // namespace perilune::test
