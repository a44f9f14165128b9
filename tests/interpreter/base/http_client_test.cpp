// The HTTP client against a server that counts and misbehaves: was the request sent, or not?
#include <cstdlib>
#include <thread>

#include <doctest/doctest.h>

#include "tests/interpreter/base/http_exchanges.h"

namespace perilune::test {

TEST_CASE("brings_status_headers_and_body") {
    HttpServer server;
    Reply reply;
    reply.status = 201;
    reply.headers = {{"X-One", " a "}, {"x-ONE", "b"}, {"Content-Type", "text/plain"}};
    reply.body = std::string("body\0with nul", 13);
    server.reply(reply);
    LoopRig rig;
    HttpRequest request = request_to(server.url() + "/a/b?c=1", "POST");
    request.headers = {{"X-Sent", "yes"}, {"X-Empty", ""}};
    const auto answer = rig.send(request);
    REQUIRE(answer.ok());
    CHECK(answer->status == 201);
    CHECK(answer->body == reply.body);
    CHECK(answer->headers.at("x-one") == "a, b");
    CHECK(answer->headers.at("content-type") == "text/plain");
    CHECK(answer->took_s > 0);
    const auto seen = server.requests();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].target == "/a/b?c=1");
    CHECK(seen[0].body == "amount=1");
    CHECK(seen[0].headers.at("x-sent") == "yes");
    CHECK(seen[0].headers.at("x-empty").empty());
    CHECK_FALSE(seen[0].headers.contains("expect"));
    CHECK_FALSE(seen[0].headers.contains("content-type"));
}

TEST_CASE("sends_every_method_as_it_is_asked") {
    HttpServer server;
    LoopRig rig;
    for (const auto& method : all_methods) {
        CAPTURE(method);
        REQUIRE(code_of(rig.send(request_to(server.url() + "/", method))) == "answered 200");
        CHECK(server.requests().back().method == method);
        CHECK(server.count(method) == 1);
    }
    CHECK(server.count() == all_methods.size());
    HttpRequest bare = request_to(server.url() + "/", "POST");
    bare.body.clear();
    bare.has_body = false;
    REQUIRE(rig.send(bare).ok());
    CHECK(server.requests().back().headers.at("content-length") == "0");
}

TEST_CASE("sends_a_large_body_once_and_without_asking_first") {
    HttpServer server;
    server.reply({.status = 417});
    LoopRig rig;
    HttpRequest request = request_to(server.url() + "/", "PUT");
    request.body = std::string(3 << 20, 'x');
    CHECK(code_of(rig.send(request)) == "answered 417");
    REQUIRE(server.count() == 1);
    CHECK(server.requests()[0].body.size() == request.body.size());
    CHECK_FALSE(server.requests()[0].headers.contains("expect"));
}

TEST_CASE("does_not_follow_redirects") {
    HttpServer other;
    HttpServer server;
    server.reply({.status = 302, .headers = {{"Location", other.url() + "/secret"}}});
    LoopRig rig;
    const auto answer = rig.send(request_to(server.url() + "/"));
    REQUIRE(answer.ok());
    CHECK(answer->status == 302);
    CHECK(answer->headers.at("location") == other.url() + "/secret");
    CHECK(other.connections() == 0);
}

TEST_CASE("goes_through_no_proxy_of_the_environment") {
    HttpServer proxy;
    HttpServer server;
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    ::setenv("ALL_PROXY", proxy.url().c_str(), 1);
    LoopRig rig;
    CHECK(code_of(rig.send(request_to(server.url() + "/"))) == "answered 200");
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
    CHECK(proxy.connections() == 0);
    CHECK(server.count() == 1);
}

TEST_CASE("keeps_connections_for_reads_and_opens_one_of_its_own_where_asked") {
    HttpServer server;
    LoopRig rig;
    for (int i = 0; i < 5; ++i) REQUIRE(rig.send(request_to(server.url() + "/")).ok());
    CHECK(server.connections() == 1);
    HttpRequest fresh = request_to(server.url() + "/");
    fresh.fresh_connection = true;
    REQUIRE(rig.send(fresh).ok());
    CHECK(server.connections() == 2);
    CHECK(server.count() == 6);
}

TEST_CASE("keeps_connections_for_changes_only_where_they_may_arrive_twice") {
    HttpServer server;
    LoopRig rig;
    for (int i = 0; i < 3; ++i) REQUIRE(rig.send(request_to(server.url() + "/", "PUT")).ok());
    CHECK(server.connections() == 3);
    HttpRequest repeatable = request_to(server.url() + "/", "PUT");
    repeatable.may_arrive_twice = true;
    for (int i = 0; i < 3; ++i) REQUIRE(rig.send(repeatable).ok());
    CHECK(server.connections() <= 4);
    CHECK(server.count("PUT") == 6);
}

TEST_CASE("ends_at_the_deadline_an_idle_limit_and_the_connect_limit") {
    HttpServer server;
    LoopRig rig;
    Reply slow = reply_of(Manner::dribble, std::string(1000, 'x'));
    slow.dribble_s = 0.2;
    server.reply(slow);
    HttpRequest request = request_to(server.url() + "/");
    request.deadline_s = boot_now_s() + 0.5;
    double began_s = boot_now_s();
    auto answer = rig.send(request);
    CHECK(code_of(answer) == "timed_out");
    CHECK(boot_now_s() - began_s < 3);
    CHECK(boot_now_s() - began_s >= 0.5);

    request.deadline_s = boot_now_s() + 50;
    request.idle_timeout_s = 1;
    began_s = boot_now_s();
    answer = rig.send(request);
    CHECK(code_of(answer) == "timed_out");
    CHECK(answer.error().retry == Retry::unknown);
    CHECK(boot_now_s() - began_s < 20);
    CHECK(server.count() == 2);

    request.deadline_s = boot_now_s() - 1;
    answer = rig.send(request);
    CHECK(code_of(answer) == "timed_out");
    CHECK(answer.error().retry == Retry::safe);
    CHECK(server.count() == 2);
}

TEST_CASE("stops_when_it_is_told_to") {
    HttpServer server;
    server.reply(reply_of(Manner::never));
    LoopRig rig;
    const auto cancel = std::make_shared<Cancel>();
    std::thread asker([&] {
        server.wait_for_requests(1);
        rig.loop().post([cancel] { cancel->ask(); });
    });
    const auto stopped = rig.send(request_to(server.url() + "/", "POST"), cancel);
    asker.join();
    CHECK(code_of(stopped) == "cancelled");
    CHECK(stopped.error().retry == Retry::unknown);
    CHECK(server.count() == 1);
    const auto unsent = rig.send(request_to(server.url() + "/", "POST"), cancel);
    CHECK(code_of(unsent) == "cancelled");
    CHECK(unsent.error().retry == Retry::safe);
    CHECK(server.count() == 1);
}

TEST_CASE("refuses_an_answer_longer_than_allowed_while_it_comes") {
    HttpServer server;
    Reply reply;
    reply.body = std::string(2000, 'x');
    server.reply(reply);
    LoopRig rig;
    HttpRequest request = request_to(server.url() + "/");
    request.body_max = 2000;
    CHECK(code_of(rig.send(request)) == "answered 200");
    request.body_max = 1999;
    auto answer = rig.send(request);
    CHECK(code_of(answer) == "body_too_large");
    CHECK(answer.error().retry == Retry::never);
    CHECK(answer.error().detail["status"].number() == 200);
    CHECK(answer.error().detail["body"].text().size() == 1999);
    request.method = "POST";
    answer = rig.send(request);
    CHECK(answer.error().retry == Retry::unknown);
    reply.body.clear();
    for (int i = 0; i < 40; ++i)
        reply.headers.emplace_back("X-" + std::to_string(i), std::string(8000, 'h'));
    server.reply(reply);
    CHECK(code_of(rig.send(request_to(server.url() + "/"))) == "body_too_large");
}

TEST_CASE("accepts_a_certificate_of_the_given_authority_and_describes_it") {
    const CertificateAuthority authority;
    CertificateWish wish;
    wish.names = {"localhost", "shop.example"};
    wish.ends_in_s = 7200;
    HttpServer server(authority.issue(wish));
    LoopRig rig;
    HttpRequest request = request_to(server.url("localhost") + "/");
    request.certificate_authority = authority.path();
    request.want_certificate = true;
    for (int i = 0; i < 2; ++i) {  // The second time too, with a connection kept open.
        const auto answer = rig.send(request);
        REQUIRE(code_of(answer) == "answered 200");
        const std::vector<std::string> names = {"localhost", "shop.example", "127.0.0.1"};
        CHECK(answer->certificate.names == names);
        CHECK(answer->certificate.issuer == "CN=Perilune test authority");
        CHECK(answer->certificate.ends_at == doctest::Approx(wall_now_s() + 7200).epsilon(1e-7));
        CHECK(answer->certificate.starts_at < wall_now_s());
    }
}

TEST_CASE("carries_many_exchanges_at_once") {
    HttpServer server;
    server.reply({.body = "x", .delay_s = 0.05});
    LoopRig rig;
    constexpr int count = 40;
    int answered = 0;
    const double began_s = boot_now_s();
    rig.loop().post([&] {
        for (int i = 0; i < count; ++i)
            start_task(
                rig.http().send(request_to(server.url() + "/", i % 2 ? "POST" : "GET"), nullptr),
                [&](Result<HttpAnswer> answer) {
                    CHECK(answer.ok());
                    if (++answered == count) rig.loop().stop();
                });
    });
    rig.loop().run();
    CHECK(answered == count);
    CHECK(server.count() == count);
    CHECK(boot_now_s() - began_s < 10);
}

TEST_CASE("does_not_block_the_loop_while_a_name_is_looked_up") {
    LoopRig rig;
    HttpRequest request = request_to("http://nowhere-at-all.invalid/");
    request.deadline_s = boot_now_s() + 0.05;
    const double began_s = boot_now_s();
    const auto answer = rig.send(request);
    CHECK_FALSE(answer.ok());
    CHECK(answer.error().retry == Retry::safe);
    CHECK(boot_now_s() - began_s < 2);
}

}  // namespace perilune::test
