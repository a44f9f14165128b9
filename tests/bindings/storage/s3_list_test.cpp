// Pages of a listing as services give them: markers encoded or not, inclusive or not.
#include "bindings/storage/s3_place.h"
#include "tests/bindings/storage/s3_rig.h"
#include "tests/support/http_server.h"

namespace perilune::test {

namespace {

enum class Names { plain, encoded };

std::string text_of(const std::string& key, Names names) {
    if (names == Names::encoded) return encode_key(key);
    return key == "a & b" ? "a &amp; b" : key;
}

// A page of versions; `next` is a marker as it stands in the answer, empty on the last page.
std::string page(const std::vector<std::string>& keys, Names names, const std::string& next) {
    std::string made = "<ListVersionsResult>";
    if (names == Names::encoded) made += "<EncodingType>url</EncodingType>";
    made += std::string("<IsTruncated>") + (next.empty() ? "false" : "true") + "</IsTruncated>";
    if (!next.empty())
        made += "<NextKeyMarker>" + next + "</NextKeyMarker><NextVersionIdMarker>v" +
                "</NextVersionIdMarker>";
    for (const auto& key : keys)
        made += "<Version><Key>" + text_of(key, names) +
                "</Key><VersionId>v</VersionId><IsLatest>true</IsLatest></Version>";
    return made + "</ListVersionsResult>";
}

// What the driver lists of a service that answers these pages, and the markers it asked with.
struct Listed {
    std::string keys;
    std::vector<std::string> asked;
    std::string error;
};

Listed list(const std::vector<std::string>& pages, const Map& arguments = {{"prefix", ""}}) {
    HttpServer server;
    std::vector<Reply> replies;
    for (const auto& body : pages) replies.push_back({.status = 200, .headers = {}, .body = body});
    server.replies(std::move(replies));
    const auto rig = make_s3_at(server.url(), "bucket");
    const auto got = rig->observe("versions", arguments);
    Listed listed;
    if (!got) listed.error = got.error().code;
    if (got)
        for (const auto& version : got->list()) listed.keys += version["key"].text() + "|";
    for (const auto& request : server.requests()) {
        const auto at = request.target.find("key-marker=");
        if (at == std::string::npos) continue;
        const auto marker = request.target.substr(at + 11);
        listed.asked.push_back(marker.substr(0, marker.find('&')));
    }
    return listed;
}

}  // namespace

TEST_CASE("goes_on_after_the_last_key_in_whichever_form_a_service_names_it") {
    const std::string last = page({"b"}, Names::encoded, "");
    for (const std::string marker : {"a%2B%25", "a+%"}) {
        CAPTURE(marker);
        const auto listed = list({page({"a", "a+%"}, Names::encoded, marker), last});
        CHECK(listed.keys == "a|a+%|b|");
        CHECK(listed.asked == std::vector<std::string>{"a%2B%25"});
    }
}

TEST_CASE("takes_a_marker_that_is_no_key_of_the_page_in_the_form_of_its_keys") {
    CHECK(list({page({"a"}, Names::encoded, "b%2Bc"), page({"b+c"}, Names::encoded, "")}).asked ==
          std::vector<std::string>{"b%2Bc"});
    CHECK(list({page({"a"}, Names::plain, "b%2Bc"), page({"b%2Bc"}, Names::plain, "")}).asked ==
          std::vector<std::string>{"b%252Bc"});
}

TEST_CASE("takes_keys_as_they_are_where_the_service_does_not_say_that_it_encodes_them") {
    CHECK(list({page({"a & b", "c+d%20e"}, Names::plain, "")}).keys == "a & b|c+d%20e|");
}

TEST_CASE("says_so_where_pages_lead_nowhere") {
    CHECK(list({page({"a"}, Names::encoded, "a"), page({"a"}, Names::encoded, "a")}).error ==
          "bad_answer");
}

TEST_CASE("finds_the_marks_of_a_key_that_a_service_lists_after_the_versions_of_longer_ones") {
    std::string mixed = page({"doc", "doc2"}, Names::encoded, "");
    const std::string mark =
        "<DeleteMarker><Key>doc</Key><VersionId>m</VersionId>"
        "<IsLatest>false</IsLatest></DeleteMarker></ListVersionsResult>";
    mixed.replace(mixed.find("</ListVersionsResult>"), std::string::npos, mark);
    HttpServer server;
    server.reply({.status = 200, .headers = {}, .body = mixed});
    const auto rig = make_s3_at(server.url(), "bucket");
    const auto got = rig->observe("versions", {{"key", "doc"}});
    REQUIRE(got.ok());
    std::size_t marks = 0;
    for (const auto& version : got->list()) marks += version["deleted"].boolean();
    CHECK(marks == 1);
}

}  // namespace perilune::test
