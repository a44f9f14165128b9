// The HTTP client where exchanges fail: was the request sent, or not, and how often?
#include <doctest/doctest.h>

#include "tests/interpreter/base/http_exchanges.h"

namespace perilune::test {

TEST_CASE("proves_that_nothing_was_sent_where_no_connection_was_made") {
    LoopRig rig;
    for (const auto& method : all_methods) {
        CAPTURE(method);
        const auto refused =
            rig.send(request_to("http://127.0.0.1:" + std::to_string(unused_port()) + "/", method));
        CHECK(code_of(refused) == "refused");
        CHECK(refused.error().retry == Retry::safe);
        const auto unnamed = rig.send(request_to("http://nowhere.invalid/", method));
        CHECK(code_of(unnamed) == "name_not_found");
        CHECK(unnamed.error().retry == Retry::safe);
        CHECK(unnamed.error().message.find("Nothing was sent") != std::string::npos);
    }
}

TEST_CASE("says_maybe_sent_after_every_fault_behind_the_first_byte") {
    struct Fault {
        Manner manner;
        std::string code;
    };
    const std::vector<Fault> faults = {
        {Manner::drop, "connection_lost"},        {Manner::reset, "connection_lost"},
        {Manner::cut_headers, "connection_lost"}, {Manner::interim, "connection_lost"},
        {Manner::cut_body, "connection_lost"},    {Manner::half_close, "connection_lost"},
        {Manner::garbage, "bad_answer"},          {Manner::never, "timed_out"}};
    for (const auto& fault : faults) {
        for (const auto& method : all_methods) {
            CAPTURE(method);
            CAPTURE(static_cast<int>(fault.manner));
            const bool bodiless =
                fault.manner == Manner::cut_body || fault.manner == Manner::half_close;
            if (method == "HEAD" && bodiless) continue;
            HttpServer server;
            server.reply(reply_of(fault.manner));
            LoopRig rig;
            HttpRequest request = request_to(server.url() + "/", method);
            request.deadline_s = boot_now_s() + (fault.manner == Manner::never ? 0.3 : 20);
            const auto answer = rig.send(request);
            CHECK(code_of(answer) == fault.code);
            if (!answer.ok()) CHECK(answer.error().retry == Retry::unknown);
            CHECK(server.count() == 1);
        }
    }
}

TEST_CASE("never_sends_a_change_twice_where_a_kept_connection_is_closed") {
    // Answers the first request of each connection and drops what comes on it afterwards: a client
    // that trusts a kept connection would send again.
    for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
        CAPTURE(method);
        HttpServer server;
        std::map<int, int> served;
        server.answer([&](const ServedRequest& request) {
            const bool changing = request.method != "GET";
            const bool reused = served[request.connection]++ > 0;
            return reply_of(changing || reused ? Manner::drop : Manner::whole);
        });
        LoopRig rig;
        REQUIRE(rig.send(request_to(server.url() + "/")).ok());
        const auto lost = rig.send(request_to(server.url() + "/", method));
        CHECK(code_of(lost) == "connection_lost");
        if (!lost.ok()) CHECK(lost.error().retry == Retry::unknown);
        CHECK(server.count(method) == 1);
        CHECK(server.connections() == 2);
    }
}

TEST_CASE("reads_again_where_a_kept_connection_was_closed_meanwhile") {
    HttpServer server;
    std::map<int, int> served;
    server.answer([&](const ServedRequest& request) {
        return reply_of(served[request.connection]++ > 0 ? Manner::drop : Manner::whole);
    });
    LoopRig rig;
    REQUIRE(rig.send(request_to(server.url() + "/")).ok());
    CHECK(code_of(rig.send(request_to(server.url() + "/"))) == "answered 200");
    CHECK(server.connections() == 2);
    CHECK(server.count() == 3);
}

TEST_CASE("refuses_bad_certificates_for_good_before_anything_is_sent") {
    const CertificateAuthority authority;
    CertificateWish expired;
    expired.ends_in_s = -60;
    CertificateWish early;
    early.starts_in_s = 600;
    CertificateWish elsewhere;
    elsewhere.names = {"other.example"};
    elsewhere.addresses = {};
    CertificateWish self_signed;
    self_signed.self_signed = true;
    for (const auto& wish : {expired, early, elsewhere, self_signed}) {
        HttpServer server(authority.issue(wish));
        LoopRig rig;
        for (const auto& method : all_methods) {
            HttpRequest request = request_to(server.url("localhost") + "/", method);
            request.certificate_authority = authority.path();
            const auto answer = rig.send(request);
            CHECK(code_of(answer) == "tls_failed");
            CHECK(answer.error().retry == Retry::never);
        }
        CHECK(server.count() == 0);
        CHECK(server.connections() == all_methods.size());
    }
    HttpServer unknown_authority(authority.issue());
    LoopRig rig;
    const auto answer = rig.send(request_to(unknown_authority.url("localhost") + "/"));
    CHECK(code_of(answer) == "tls_failed");
    CHECK(answer.error().retry == Retry::never);
}

TEST_CASE("proves_that_nothing_was_sent_where_the_handshake_failed") {
    const CertificateAuthority authority;
    HttpServer server(authority.issue());
    LoopRig rig;
    for (const auto meeting : {Meeting::drop, Meeting::drop_in_handshake, Meeting::stall}) {
        server.meet(meeting);
        for (const auto& method : all_methods) {
            CAPTURE(method);
            CAPTURE(static_cast<int>(meeting));
            HttpRequest request = request_to(server.url("localhost") + "/", method);
            request.certificate_authority = authority.path();
            request.connect_timeout_s = meeting == Meeting::stall ? 0.2 : 10;
            const auto answer = rig.send(request);
            CHECK(code_of(answer) == (meeting == Meeting::stall ? "timed_out" : "tls_failed"));
            CHECK(answer.error().retry == Retry::safe);
        }
    }
    CHECK(server.count() == 0);
}

TEST_CASE("says_tls_failed_where_the_server_speaks_plain_http") {
    HttpServer server;
    LoopRig rig;
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    HttpRequest request = request_to(url, "POST");
    request.deadline_s = boot_now_s() + 1;
    const auto answer = rig.send(request);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().retry == Retry::safe);
    CHECK(server.count() == 0);
}

TEST_CASE("refuses_urls_and_headers_that_would_say_more_than_they_should") {
    HttpServer server;
    LoopRig rig;
    const std::string host = server.url().substr(7);
    const std::vector<std::string> urls = {"ftp://" + host + "/",
                                           "file:///etc/passwd",
                                           "http://me:pw@" + host,
                                           "http://" + host + "/a b",
                                           "http://" + host + "/a\r\nX: y",
                                           "http://",
                                           "http://:80/",
                                           "http://" + host + "x/",
                                           "http://a\\@" + host + "/"};
    for (const auto& url : urls) {
        CAPTURE(url);
        CHECK(code_of(rig.send(request_to(url))) == "bad_url");
    }
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"X-A", "one\r\nX-B: two"},
                                                          {"X-A", "one\n"},
                                                          {"X A", "v"},
                                                          {"X:A", "v"},
                                                          {"", "v"},
                                                          {"X-A", std::string("a\0b", 3)},
                                                          {"X-A\r\nX-B", "v"}}) {
        HttpRequest request = request_to(server.url() + "/");
        request.headers = {{name, value}};
        CHECK(code_of(rig.send(request)) == "bad_header");
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("shows_only_the_origin_of_a_url_in_its_errors") {
    LoopRig rig;
    const std::string origin = "http://127.0.0.1:" + std::to_string(unused_port());
    const auto answer = rig.send(request_to(origin + "/services/T0KEN?key=S3CRET", "POST"));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().message.find(origin) != std::string::npos);
    CHECK(answer.error().message.find("T0KEN") == std::string::npos);
    CHECK(answer.error().message.find("S3CRET") == std::string::npos);
}

}  // namespace perilune::test
