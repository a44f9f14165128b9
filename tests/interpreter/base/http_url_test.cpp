// The forms of Retry-After, and URLs that no argument can lead elsewhere.
#include <doctest/doctest.h>

#include "interpreter/base/http_client.h"
#include "interpreter/base/http_url.h"

namespace perilune::test {

TEST_CASE("accepts_paths_that_stay_below_their_base") {
    const std::string base = "https://shop.example:8443/api";
    CHECK(*join_url(base, "/health") == base + "/health");
    CHECK(*join_url(base, "/@scope/name%20x/a..b/.hidden/...") ==
          base + "/@scope/name%20x/a..b/.hidden/...");
    CHECK(*join_url(base, "/group%2Fproject") == base + "/group%2Fproject");
    CHECK(*join_url(base, "/a?b=../c") == base + "/a?b=../c");
    Value query;
    query.set("q", "a b&c=d/é")
        .set("n", 3)
        .set("flag", true)
        .set("many", List{Value("x"), Value(1.5)});
    CHECK(*join_url(base, "/s", query) ==
          base + "/s?flag=true&many=x&many=1.5&n=3&q=a%20b%26c%3Dd%2F%C3%A9");
    CHECK(*join_url(base, "/s?z=1", Value(Map{{"a", Value(2)}})) == base + "/s?z=1&a=2");
    CHECK(join_url(base, "/s", Value(Map{{"a", Value(Map{{"b", Value(1)}})}})).error().code ==
          "bad_argument");
}

TEST_CASE("refuses_paths_that_would_lead_elsewhere") {
    for (const std::string path : {"",
                                   "health",
                                   "//evil.example/",
                                   "http://evil.example/",
                                   "@evil.example/",
                                   ":80/",
                                   ".evil.example/",
                                   "/a/../b",
                                   "/..",
                                   "/.",
                                   "/a/./b",
                                   "/%2e%2e/b",
                                   "/a/.%2E/",
                                   "/%2E",
                                   "/%252e%252e/x",
                                   "/%25252e%25252e/x",
                                   "/a%2f..%2fb",
                                   "/a%5c..%5cb",
                                   "/..;x=1/b",
                                   "\\\\evil",
                                   "/\\evil",
                                   "/a\\..\\b",
                                   "/a b",
                                   "/a\r\nHost: evil",
                                   "/a\n",
                                   "/a\tb",
                                   "/a%0d%0aX:y",
                                   "/a%00",
                                   "/é",
                                   "/a#b",
                                   "/%",
                                   "/%zz",
                                   "/%a"}) {
        CAPTURE(path);
        const auto joined = join_url("https://shop.example", path);
        REQUIRE_FALSE(joined.ok());
        CHECK(joined.error().code == "bad_path");
        CHECK(joined.error().retry == Retry::never);
    }
    CHECK_FALSE(check_url_path(std::string("/a\0b", 4)).ok());
    CHECK_FALSE(check_url_path("/" + std::string(9000, 'a')).ok());
}

TEST_CASE("takes_only_an_origin_and_a_base_path_as_a_target") {
    CHECK(*check_base_url("https://shop.example/") == "https://shop.example");
    CHECK(*check_base_url("http://[::1]:8080/a/b/") == "http://[::1]:8080/a/b");
    CHECK(origin_of("http://[::1]:8080/a/b?c") == "http://[::1]:8080");
    for (const std::string url :
         {"shop.example", "https://", "https://shop.example?x=1", "https://shop.example/#a",
          "https://me@shop.example", "https://shop.example:0", "https://shop.example:99999",
          "https://shop.example/a/../b", "https://[::1", "https://[]", "https://shop.example:",
          "https://shop .example", "HTTPS://shop.example", "unix:///run/x"}) {
        CAPTURE(url);
        REQUIRE_FALSE(check_base_url(url).ok());
    }
}

TEST_CASE("refuses_headers_that_belong_to_the_connection") {
    CHECK(check_own_header("X-Region", "a\tb").ok());
    for (const std::string name : {"Host", "HOST", "Content-Length", "Transfer-Encoding",
                                   "connection", "TE", "Expect", "Upgrade"})
        CHECK(check_own_header(name, "x").error().code == "bad_header");
    CHECK_FALSE(check_own_header("X-Region", "a\r\nHost: evil").ok());
}

TEST_CASE("reads_every_form_of_retry_after") {
    const double now_s = 1767225600;  // 2026-01-01T00:00:00Z
    CHECK(retry_after_s("0", now_s, 300) == 0);
    CHECK(retry_after_s("120", now_s, 300) == 120);
    CHECK(retry_after_s("315360000", now_s, 300) == 300);
    CHECK(retry_after_s("99999999999999999999999999", now_s, 300) == 300);
    CHECK(retry_after_s("Thu, 01 Jan 2026 00:01:40 GMT", now_s, 300) == 100);
    CHECK(retry_after_s("Thursday, 01-Jan-26 00:01:40 GMT", now_s, 300) == 100);
    CHECK(retry_after_s("Thu Jan  1 00:01:40 2026", now_s, 300) == 100);
    CHECK(retry_after_s("Fri, 01 Jan 2036 00:00:00 GMT", now_s, 300) == 300);
    CHECK(retry_after_s("Sunday, 06-Nov-94 08:49:37 GMT", now_s, 300) == 0);
    CHECK(retry_after_s("Wed, 31 Dec 2025 23:00:00 GMT", now_s, 300) == 0);
    for (const std::string bad : {"", "-1", "soon", "1.5", "Thu, 99 Jan 2026 00:00:00 GMT", " 1",
                                  "Thu, 01 Jan 2026 00:01:40 GMT or later", "+5", "1e3"})
        CHECK(retry_after_s(bad, now_s, 300) == -1);
}

}  // namespace perilune::test
