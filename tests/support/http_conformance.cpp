// The conformance suite of the http family.
#include "tests/support/http_conformance.h"

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

using Make = std::function<HttpSubject()>;

const std::vector<std::string> changes = {"post", "put", "patch", "delete"};

Reply reply_with(int status, std::string body = "", std::string type = "") {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    if (!type.empty()) reply.headers.emplace_back("Content-Type", std::move(type));
    return reply;
}

void check_answers(const Make& make) {
    const HttpSubject subject = make();
    subject.reply(reply_with(200, R"({"state":"up","nodes":[{"ready":true}]})",
                             "application/json; charset=utf-8"));
    const auto got = subject.rig->observe("get", fields("path", "/a"));
    REQUIRE(got.ok());
    CHECK((*got)["status"].number() == 200);
    CHECK((*got)["json"]["state"].text() == "up");
    CHECK((*got)["headers"]["content-type"].text() == "application/json; charset=utf-8");
    CHECK((*got)["took_s"].is_number());
    const auto head = subject.rig->observe("head", fields("path", "/a"));
    REQUIRE(head.ok());
    CHECK((*head)["body"].text().empty());
    const auto checked =
        subject.rig->observe("check", fields("path", "/a", "contains", "nodes", "json",
                                             fields("state", "up", "nodes[0].ready", true)));
    CHECK(checked.ok());
    const auto waited =
        subject.rig->observe("wait_ok", fields("path", "/a", "within", "5s", "every", "50ms"));
    CHECK(waited.ok());
}

void check_expectations(const Make& make) {
    const HttpSubject subject = make();
    subject.reply(reply_with(404, "no such thing"));
    const auto got = subject.rig->observe("get", fields("path", "/a"));
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().code == "unexpected_status");
    CHECK(got.error().retry == Retry::never);
    CHECK(got.error().detail["status"].number() == 404);
    CHECK(got.error().detail["body"].text() == "no such thing");
    CHECK(subject.rig->observe("get", fields("path", "/a", "expect", 404)).ok());
    CHECK(subject.rig->observe("get", fields("path", "/a", "expect", "4xx")).ok());
    const List list = {Value(200), Value("404")};
    CHECK(subject.rig->observe("get", fields("path", "/a", "expect", list)).ok());
    CHECK(subject.rig->observe("get", fields("path", "/a", "expect", "6xx")).error().code ==
          "bad_argument");
}

void check_changes(const Make& make) {
    for (const auto& operation : changes) {
        CAPTURE(operation);
        const HttpSubject subject = make();
        subject.reply(reply_with(201, "made"));
        const Changed made = subject.rig->change(operation, fields("path", "/a"));
        REQUIRE(made.kind() == "done");
        CHECK(made.outcome.value["changed"].boolean());
        CHECK(made.outcome.value["status"].number() == 201);
        subject.reply(reply_with(422));
        const Changed refused = subject.rig->change(operation, fields("path", "/a"));
        CHECK(refused.kind() == "failed");
        CHECK(refused.error().code == "unexpected_status");
        for (const int status : {500, 502, 504}) {
            subject.reply(reply_with(status));
            const Changed doubtful = subject.rig->change(operation, fields("path", "/a"));
            CHECK(doubtful.kind() == "unknown");
            CHECK(doubtful.error().retry == Retry::unknown);
        }
        CHECK(subject.count() == 5);
    }
}

void check_waits_asked_for(const Make& make) {
    const HttpSubject subject = make();
    for (const int status : {429, 503}) {
        Reply busy = reply_with(status);
        busy.headers.emplace_back("Retry-After", "7");
        subject.reply(busy);
        for (const auto& operation : changes) {
            const Changed made = subject.rig->change(operation, fields("path", "/a"));
            CHECK(made.kind() == "not_sent");
            CHECK(made.outcome.retry_after_s == 7);
            CHECK(made.error().retry == Retry::safe);
        }
        const auto got = subject.rig->observe("get", fields("path", "/a"));
        CHECK(got.error().retry == Retry::safe);
        CHECK(got.error().detail["retry_after_s"].number() == 7);
    }
}

void check_redirects(const Make& make) {
    const HttpSubject subject = make();
    for (const int status : {301, 302, 303, 307, 308}) {
        Reply elsewhere = reply_with(status);
        elsewhere.headers.emplace_back("Location", "http://169.254.169.254/latest");
        subject.reply(elsewhere);
        const auto got = subject.rig->observe("get", fields("path", "/a"));
        REQUIRE_FALSE(got.ok());
        CHECK(got.error().code == "redirect_refused");
        CHECK(got.error().message.find("http://169.254.169.254/latest") != std::string::npos);
        CHECK(subject.rig->observe("get", fields("path", "/a", "expect", status)).ok());
        const Changed made = subject.rig->change("post", fields("path", "/a"));
        CHECK(made.error().code == "redirect_refused");
        CHECK(made.kind() == (status == 302 || status == 303 ? "unknown" : "failed"));
    }
}

void check_confinement(const Make& make) {
    const HttpSubject subject = make();
    const std::vector<std::string> paths = {
        "//evil.example/", "http://evil.example/",     "@evil.example/", "/../etc/passwd",
        "/%2e%2e/secret",  "/a\r\nHost: evil.example", "/a b",           "/\\evil.example"};
    for (const auto& path : paths) {
        CAPTURE(path);
        CHECK(subject.rig->observe("get", fields("path", path)).error().code == "bad_path");
        CHECK(subject.rig->change("post", fields("path", path)).kind() == "refused bad_path");
    }
    const std::vector<Value> headers = {fields("Host", "evil.example"),
                                        fields("X-A", "1\r\nX-B: 2"), fields("X A", "1"),
                                        fields("Transfer-Encoding", "chunked")};
    for (const auto& one : headers) {
        const auto got = subject.rig->observe("get", fields("path", "/", "headers", one));
        CHECK(got.error().code == "bad_header");
        const Changed made = subject.rig->change("post", fields("path", "/", "headers", one));
        CHECK(made.kind() == "refused bad_header");
    }
    CHECK(subject.count() == 0);
}

}  // namespace

void check_http_conformance(const std::function<HttpSubject()>& make) {
    check_answers(make);
    check_expectations(make);
    check_changes(make);
    check_waits_asked_for(make);
    check_redirects(make);
    check_confinement(make);
}

}  // namespace perilune::test
