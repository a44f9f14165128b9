// A service that falls silent: what is told to stop, or has no time left, ends all the same.
#include "tests/bindings/storage/s3_proxy.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

constexpr double stopped_within_s = 3;
constexpr std::size_t mib = 1 << 20;

// A bucket seen through a proxy, and a target beside it that has one large object.
struct Silent {
    explicit Silent(const S3Server& server) : proxy(server), direct(make_s3(server)) {
        bucket = keeps_of(*direct).bucket;
        rig = make_s3_at(proxy.url(), bucket, {{"part_size", "5MiB"}});
        rig->other->put("large", std::string(12 * mib, 'a'));
    }
    Call call_of(const std::string& operation, const Map& arguments) {
        Call call = *rig->rig->make_call(rig->target, operation, arguments);
        call.key = "00112233445566778899aabbccddeeff";
        return call;
    }
    // Asks for a stop as soon as the service has begun to be silent.
    void stop_in_silence(std::shared_ptr<Cancel> cancel) {
        rig->rig->services().loop.start_timer(boot_now_s() + 0.02, [this, cancel] {
            if (!proxy.all_met()) return stop_in_silence(cancel);
            stopped_at_s = boot_now_s();
            cancel->ask();
        });
    }
    Outcome sync(Call& call) {
        return rig->rig->await(
            rig->rig->driver(rig->target).operations.at("sync").act(call, Value()));
    }
    std::size_t open_uploads(const S3Server& server) const {
        return server.boto("list_multipart_uploads", {{"Bucket", bucket}})["Uploads"].list().size();
    }

    S3Proxy proxy;
    std::unique_ptr<StorageRig> direct;
    std::string bucket;
    std::unique_ptr<StorageRig> rig;
    double stopped_at_s = 0;
};

constexpr auto hang = S3Fault::Kind::hang;

}  // namespace

TEST_CASE("stops_in_the_middle_of_a_wait_where_it_is_told_to_while_it_reads") {
    S3Server* server = shared_moto();
    if (!server) return;
    Silent silent(*server);
    REQUIRE(silent.direct->put("doc", "content").ok());
    for (const std::string operation : {"digest", "get"}) {
        CAPTURE(operation);
        silent.proxy.fault({.kind = hang, .method = "GET", .holds = "/doc"});
        Call call = silent.call_of(operation, {{"key", "doc"}});
        silent.stop_in_silence(call.cancel);
        const auto got = silent.rig->rig->await(
            silent.rig->rig->driver(silent.rig->target).operations.at(operation).observe(call));
        CHECK(got.error().code == "cancelled");
        CHECK(boot_now_s() - silent.stopped_at_s < stopped_within_s);
    }
}

TEST_CASE("gives_up_an_upload_that_is_told_to_stop_and_leaves_nothing_of_it") {
    S3Server* server = shared_moto();
    if (!server) return;
    Silent silent(*server);
    silent.proxy.fault({.kind = hang, .method = "PUT", .holds = "partNumber=2"});
    Call call = silent.call_of("sync", {{"from", "storage/other"}});
    silent.stop_in_silence(call.cancel);
    const Outcome outcome = silent.sync(call);
    CHECK(outcome.error.code == "cancelled");
    CHECK(boot_now_s() - silent.stopped_at_s < stopped_within_s);
    CHECK(silent.proxy.all_met());
    CHECK(silent.open_uploads(*server) == 0);
    CHECK(silent.direct->observe("list")->list().empty());
}

TEST_CASE("goes_on_in_a_later_try_with_an_upload_whose_time_was_over") {
    S3Server* server = shared_moto();
    if (!server) return;
    Silent silent(*server);
    silent.proxy.fault({.kind = hang, .method = "PUT", .holds = "partNumber=3"});
    Call call = silent.call_of("sync", {{"from", "storage/other"}});
    const double limit_s = 8;  // Enough for two parts on a slow machine.
    call.deadline_s = boot_now_s() + limit_s;
    call.keep_part = [&](std::string, Value, std::function<void()> durable) {
        silent.rig->rig->services().loop.post(std::move(durable));
    };
    const double began_s = boot_now_s();
    CHECK(silent.sync(call).kind == Outcome::Kind::unknown);
    CHECK(boot_now_s() - began_s < limit_s + stopped_within_s);
    CHECK(silent.proxy.all_met());
    CHECK(silent.direct->observe("list")->list().empty());
    call.deadline_s = boot_now_s() + 60;
    CHECK(silent.sync(call).kind == Outcome::Kind::done);
    CHECK(silent.proxy.count("POST", "uploads=") == 1);
    CHECK(silent.proxy.count("PUT", "partNumber=1") == 1);
    CHECK(silent.open_uploads(*server) == 0);
    CHECK((*silent.direct->observe("head", {{"key", "large"}}))["size_bytes"].number() == 12 * mib);
}

}  // namespace perilune::test
