// The doubles themselves: what they notice in requests, what they count, and how they misbehave.
#include <utility>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/services/double.h"
#include "tests/support/driver_rig.h"

namespace perilune::test {

namespace {

const std::string records_path = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records";

struct Sender {
    Result<HttpAnswer> send(const std::string& method, const std::string& path,
                            const std::string& body = "", bool signed_in = true) {
        HttpRequest request;
        request.method = method;
        request.url = cloudflare.url() + path;
        if (signed_in)
            request.headers.emplace_back("Authorization", std::string("Bearer ") + Double::token);
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = body;
        request.has_body = !body.empty();
        return rig.send(std::move(request), std::make_shared<Cancel>());
    }
    // The first thing that was wrong with what was sent since the last call.
    std::string violation() {
        const List all = cloudflare.violations();
        REQUIRE(all.size() > noticed);
        return all[std::exchange(noticed, all.size())].text();
    }
    Double cloudflare{"cloudflare"};
    LoopRig rig;
    std::size_t noticed = 0;
};

const std::string one_record =
    R"({"posts":[{"type":"A","name":"a.example.org","content":"192.0.2.1","ttl":60}]})";

}  // namespace

TEST_CASE("a_double_notices_requests_that_the_document_does_not_describe") {
    if (!has_doubles()) return;
    Sender sender;
    if (!sender.cloudflare.checks()) return;
    sender.cloudflare.forgive();
    const auto has = [](const std::string& text, const char* part) {
        CHECK_MESSAGE(text.find(part) != std::string::npos, text);
    };
    REQUIRE(sender.send("GET", "/client/v4/zones?name=example.org&page=1").ok());
    CHECK(sender.cloudflare.violations().empty());
    REQUIRE(sender.send("GET", "/client/v4/zone").ok());
    has(sender.violation(), "no such path and method are described: GET /client/v4/zone");
    REQUIRE(sender.send("GET", "/client/v4/zones?nam=example.org").ok());
    has(sender.violation(), "no query parameter nam is described");
    REQUIRE(sender.send("GET", "/client/v4/zones?direction=sideways").ok());
    has(sender.violation(), "the query parameter direction");
    REQUIRE(sender.send("GET", "/client/v4/zones", "", false).ok());
    has(sender.violation(), "no security scheme is satisfied");
    std::string unknown = one_record;
    unknown.replace(unknown.find("\"ttl\""), 5, "\"tttl\":1,\"ttl\"");
    REQUIRE(sender.send("POST", records_path + "/batch", unknown).ok());
    has(sender.violation(), "the program library's type");
    REQUIRE(sender.send("GET", records_path, "{\"id\":1}").ok());
    has(sender.violation(), "a body was sent, but none is described");
}

TEST_CASE("a_double_loses_answers_and_refuses_as_it_is_told") {
    if (!has_doubles()) return;
    Sender sender;
    sender.cloudflare.fault({.path = "batch"});
    sender.cloudflare.fault({.kind = Fault::Kind::drop, .path = "batch", .times = 1, .skip = 1});
    const auto lost = sender.send("POST", records_path + "/batch", one_record);
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.error().retry == Retry::unknown);
    CHECK(sender.cloudflare.changes() == 1);
    const auto twice = sender.send("POST", records_path + "/batch", one_record);
    REQUIRE(twice.ok());
    CHECK(twice->status == 400);
    CHECK(twice->body.find("identical record") != std::string::npos);
    const auto dropped = sender.send("POST", records_path + "/batch", one_record);
    REQUIRE_FALSE(dropped.ok());
    CHECK(sender.cloudflare.changes() == 1);
    sender.cloudflare.fault(throttled("GET"));
    const auto refused = sender.send("GET", records_path);
    REQUIRE(refused.ok());
    CHECK(refused->status == 429);
    CHECK(refused->headers.at("retry-after") == "0");
    CHECK(sender.send("GET", records_path)->status == 200);
    CHECK(sender.cloudflare.count("POST", "batch$") == 3);
}

TEST_CASE("a_double_lets_nobody_in_without_its_token") {
    if (!has_doubles()) return;
    Sender sender;
    sender.cloudflare.forgive();
    const auto refused = sender.send("POST", records_path + "/batch", one_record, false);
    REQUIRE(refused.ok());
    CHECK(refused->status == 403);
    CHECK(sender.cloudflare.changes() == 0);
}

}  // namespace perilune::test
