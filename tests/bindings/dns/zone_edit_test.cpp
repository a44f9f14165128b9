// Edits of a zone file's text, byte for byte.
#include <doctest/doctest.h>

#include "bindings/dns/zone_edit.h"

using namespace perilune;

namespace {

constexpr std::uint32_t today = 20260301;

const std::string head =
    "$TTL 1h\n"
    "@ IN SOA ns1 root ( 7 ; serial\n"
    "   1h 15m 1w 5m )\n"
    "  NS ns1\n";
const std::string head_after =
    "$TTL 1h\n"
    "@ IN SOA ns1 root ( 8 ; serial\n"
    "   1h 15m 1w 5m )\n"
    "  NS ns1\n";

ZoneText parsed(const std::string& text) {
    auto zone = parse_zone(text, "example.com", "zone");
    REQUIRE_MESSAGE(zone.ok(), zone.error().message);
    return *zone;
}

std::string finished(ZoneText& zone) {
    const auto text = finish_edit(zone, today);
    REQUIRE_MESSAGE(text.ok(), text.error().message);
    return *text;
}

std::string after_put(const std::string& text, const RecordSet& wanted) {
    ZoneText zone = parsed(text);
    const auto put = put_record_set(zone, wanted);
    REQUIRE_MESSAGE(put.ok(), put.error().message);
    return finished(zone);
}

std::string after_remove(const std::string& text, const std::string& name,
                         const std::string& type) {
    ZoneText zone = parsed(text);
    remove_record_set(zone, name, type);
    return finished(zone);
}

}  // namespace

TEST_CASE("keeps_comments_and_columns_when_a_record_changes") {
    CHECK(after_put(head + "; front ends\nwww   IN  A  192.0.2.1   ; front\n; end\n",
                    {"www", "A", {"192.0.2.7"}, 3600, {}}) ==
          head_after + "; front ends\nwww   IN  A  192.0.2.7   ; front\n; end\n");
}

TEST_CASE("edits_a_ttl_where_it_stands_or_writes_one") {
    CHECK(after_put(head + "www 5m IN A 192.0.2.1\n", {"www", "A", {"192.0.2.1"}, 60, {}}) ==
          head_after + "www 60 IN A 192.0.2.1\n");
    CHECK(after_put(head + "www IN 5m A 192.0.2.1\n", {"www", "A", {"192.0.2.1"}, 60, {}}) ==
          head_after + "www IN 60 A 192.0.2.1\n");
    CHECK(after_put(head + "www  IN  A 192.0.2.1\n", {"www", "A", {"192.0.2.1"}, 60, {}}) ==
          head_after + "www  60 IN  A 192.0.2.1\n");
    CHECK(after_put(head + "www 5m IN A 192.0.2.1\n", {"www", "A", {"192.0.2.2"}, 300, {}}) ==
          head_after + "www 5m IN A 192.0.2.2\n");
}

TEST_CASE("adds_removes_and_reuses_lines_of_a_set") {
    const std::string text =
        head + "www A 192.0.2.1 ; one\n    A 192.0.2.2 ; two\napi A 192.0.2.9\n";
    CHECK(after_put(text, {"www", "A", {"192.0.2.2", "192.0.2.3", "192.0.2.4"}, 3600, {}}) ==
          head_after +
              "www A 192.0.2.3 ; one\n    A 192.0.2.2 ; two\nwww\t3600\tIN\tA\t192.0.2.4\n"
              "api A 192.0.2.9\n");
    CHECK(after_put(text, {"www", "A", {"192.0.2.2"}, 3600, {}}) ==
          head_after + "www A 192.0.2.2 ; two\napi A 192.0.2.9\n");
}

TEST_CASE("a_new_set_follows_the_records_of_its_name_or_the_last_record") {
    const std::string text = head + "www A 192.0.2.1\napi A 192.0.2.9\n\n; the end\n";
    CHECK(after_put(text, {"www", "AAAA", {"2001:db8::1"}, 60, {}}) ==
          head_after +
              "www A 192.0.2.1\nwww\t60\tIN\tAAAA\t2001:db8::1\napi A 192.0.2.9\n\n; the end\n");
    CHECK(after_put(text, {"new", "CNAME", {"web.example.net"}, 60, "why"}) ==
          head_after +
              "www A 192.0.2.1\napi A 192.0.2.9\nnew\t60\tIN\tCNAME\tweb.example.net. ; why"
              "\n\n; the end\n");
}

TEST_CASE("a_record_is_added_after_a_file_without_a_last_line_end") {
    CHECK(after_put(head + "www A 192.0.2.1", {"b", "A", {"192.0.2.2"}, 60, {}}) ==
          head_after + "www A 192.0.2.1\nb\t60\tIN\tA\t192.0.2.2\n");
}

TEST_CASE("keeps_the_line_ends_of_the_file") {
    const auto text = after_put("@ 5 SOA a b 1 2 3 4 5\r\nwww 5 A 192.0.2.1\r\n",
                                {"www", "A", {"192.0.2.2", "192.0.2.3"}, 5, {}});
    CHECK(text == "@ 5 SOA a b 2 2 3 4 5\r\nwww 5 A 192.0.2.2\r\nwww\t5\tIN\tA\t192.0.2.3\r\n");
}

TEST_CASE("a_line_that_went_on_with_a_removed_name_gets_its_own") {
    CHECK(after_remove(head + "www A 192.0.2.1\n    TXT hello\napi A 192.0.2.9\n", "www", "A") ==
          head_after + "www TXT hello\napi A 192.0.2.9\n");
    CHECK(after_remove(head + "www A 192.0.2.1\n        TXT hello\n", "www", "A") ==
          head_after + "www     TXT hello\n");
}

TEST_CASE("a_line_that_went_on_with_a_changed_ttl_keeps_its_own") {
    const std::string soa = "@ 5 SOA a b 1 2 3 4 5\n";
    CHECK(after_put(soa + "www 10 A 192.0.2.1\napi A 192.0.2.9\n",
                    {"www", "A", {"192.0.2.1"}, 60, {}}) ==
          "@ 5 SOA a b 2 2 3 4 5\nwww 60 A 192.0.2.1\napi 10 A 192.0.2.9\n");
    CHECK(after_remove(soa + "www 10 A 192.0.2.1\napi A 192.0.2.9\n", "www", "A") ==
          "@ 5 SOA a b 2 2 3 4 5\napi 10 A 192.0.2.9\n");
}

TEST_CASE("writes_names_by_the_origin_in_force") {
    CHECK(after_put(head + "$ORIGIN sub\ndeep A 192.0.2.1\n", {"b", "A", {"192.0.2.2"}, 60, {}}) ==
          head_after + "$ORIGIN sub\ndeep A 192.0.2.1\nb.example.com.\t60\tIN\tA\t192.0.2.2\n");
}

TEST_CASE("joins_the_lines_of_a_record_in_parentheses_when_its_value_changes") {
    CHECK(after_put(head + "txt IN TXT ( \"one\"\n  \"two\" ) ; note\n",
                    {"txt", "TXT", {"three"}, 3600, {}}) ==
          head_after + "txt\tIN\tTXT\t\"three\" ; note\n");
}

TEST_CASE("puts_changes_and_removes_a_comment") {
    const std::string text = head + "www A 192.0.2.1 ; old\n";
    CHECK(after_put(text, {"www", "A", {"192.0.2.1"}, 3600, "new; note"}) ==
          head_after + "www A 192.0.2.1 ; new; note\n");
    CHECK(after_put(text, {"www", "A", {"192.0.2.1"}, 3600, ""}) ==
          head_after + "www A 192.0.2.1\n");
    CHECK(after_put(head + "www A 192.0.2.1\n", {"www", "A", {"192.0.2.1"}, 3600, "new"}) ==
          head_after + "www A 192.0.2.1 ; new\n");
}

TEST_CASE("removes_duplicates_of_a_set_it_touches") {
    CHECK(after_put(head + "www A 192.0.2.1\nwww A 192.0.2.1\n",
                    {"www", "A", {"192.0.2.1"}, 60, {}}) == head_after + "www 60 A 192.0.2.1\n");
}

TEST_CASE("continues_a_date_serial") {
    CHECK(after_put("@ 5 SOA a b 2026022803 2 3 4 5\n", {"b", "A", {"192.0.2.2"}, 5, {}}) ==
          "@ 5 SOA a b 2026030101 2 3 4 5\nb\t5\tIN\tA\t192.0.2.2\n");
}

TEST_CASE("a_comment_cannot_smuggle_in_a_record") {
    ZoneText zone = parsed(head + "www A 192.0.2.1\n");
    CHECK_FALSE(put_record_set(zone, {"www", "A", {"192.0.2.1"}, 60, "x\nevil A 192.0.2.66"}));
}

TEST_CASE("refuses_a_cname_beside_other_data") {
    const RecordSet alias{"www", "CNAME", {"a.example.net"}, 60, {}};
    CHECK(check_cname_rules({alias}, "example.com"));
    CHECK(check_cname_rules({alias, {"api", "A", {"192.0.2.1"}, 60, {}}}, "example.com"));
    CHECK_FALSE(check_cname_rules({alias, {"www", "A", {"192.0.2.1"}, 60, {}}}, "example.com"));
    CHECK_FALSE(check_cname_rules({{"@", "CNAME", {"a.example.net"}, 60, {}}}, "example.com"));
    CHECK_FALSE(check_cname_rules({{"www", "CNAME", {"a.example.net", "b.example.net"}, 60, {}}},
                                  "example.com"));
}
