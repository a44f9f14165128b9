// Reading zone files: what they mean, and which are refused.
#include <doctest/doctest.h>

#include "bindings/dns/zone_edit.h"

using namespace perilune;

namespace {

const std::string head =
    "$TTL 1h\n"
    "@ IN SOA ns1 hostmaster ( 7 ; serial\n"
    "   1h 15m 1w 5m )\n"
    "  NS ns1\n";

Result<ZoneText> parse(const std::string& text) { return parse_zone(text, "example.com", "zone"); }

std::string refusal(const std::string& text) {
    const auto parsed = parse(text);
    return parsed ? "" : parsed.error().message;
}

RecordSet set_of(const ZoneText& zone, const std::string& name, const std::string& type) {
    return find_record_set(zone, name, type).value_or(RecordSet{});
}

}  // namespace

TEST_CASE("gives_back_the_bytes_it_read") {
    const std::string text = "; a zone\r\n\n" + head +
                             "\t \n"
                             "www   300 IN A 192.0.2.1 ; front\n"
                             "      IN 5m AAAA 2001:db8::1\n"
                             "a\\.b   A (\n 192.0.2.2 ; inside\n ) ; after\n"
                             "txt TXT \"a;b\" \"(c)\" unquoted\n"
                             "$ORIGIN sub\n"
                             "deep CNAME www.example.com.\n"
                             "last A 192.0.2.9 ; no line end";
    const auto zone = parse(text);
    REQUIRE_MESSAGE(zone.ok(), zone.error().message);
    CHECK(zone->text() == text);
}

TEST_CASE("understands_owners_ttls_classes_and_origins") {
    const auto zone = parse(head +
                            "www 300 IN A 192.0.2.1 ; front\n"
                            "    IN 5m AAAA 2001:db8::1\n"
                            "WWW A 192.0.2.2\n"
                            "$ORIGIN sub\n"
                            "deep CNAME www\n"
                            "$TTL 60\n"
                            "@ TXT one two\n"
                            "other.example.com. MX 10 mail\n");
    REQUIRE_MESSAGE(zone.ok(), zone.error().message);
    const auto www = set_of(*zone, "www", "A");
    CHECK(www.values == std::vector<std::string>{"192.0.2.1", "192.0.2.2"});
    CHECK(www.ttl_s == 300);
    CHECK(www.comment == "front");
    CHECK(set_of(*zone, "www", "AAAA").ttl_s == 300);
    CHECK(set_of(*zone, "deep.sub", "CNAME").values[0] == "www.sub.example.com");
    CHECK(set_of(*zone, "deep.sub", "CNAME").ttl_s == 3600);
    CHECK(set_of(*zone, "sub", "TXT").values[0] == "\"one\" \"two\"");
    CHECK(set_of(*zone, "sub", "TXT").ttl_s == 60);
    CHECK(set_of(*zone, "other", "MX").values[0] == "10 mail.sub.example.com");
    CHECK(set_of(*zone, "@", "NS").values[0] == "ns1.example.com");
    CHECK(serial_of(*zone) == 7);
}

TEST_CASE("takes_the_last_ttl_where_no_default_is_written") {
    const auto zone = parse(
        "@ IN SOA ns1 root 1 2 3 4 99\n NS ns1\nwww 10 A 192.0.2.1\n"
        "api A 192.0.2.2\n");
    REQUIRE_MESSAGE(zone.ok(), zone.error().message);
    CHECK(set_of(*zone, "@", "NS").ttl_s == 99);
    CHECK(set_of(*zone, "api", "A").ttl_s == 10);
}

TEST_CASE("a_comment_belongs_to_the_record_it_ends") {
    const auto zone = parse(head +
                            "a A (\n 192.0.2.1 ; inside\n )\nb A 192.0.2.2 ;; two\n"
                            "; alone\nc A 192.0.2.3 ;\n");
    REQUIRE_MESSAGE(zone.ok(), zone.error().message);
    CHECK_FALSE(set_of(*zone, "a", "A").comment.has_value());
    CHECK(set_of(*zone, "b", "A").comment == "two");
    CHECK_FALSE(set_of(*zone, "c", "A").comment.has_value());
}

TEST_CASE("refuses_what_it_could_not_edit_with_the_line") {
    CHECK(refusal(head + "$INCLUDE other.db\n").find("zone:5: $INCLUDE") == 0);
    CHECK(refusal(head + "$GENERATE 1-9 h$ A 192.0.2.$\n").find("zone:5: $GENERATE") == 0);
    CHECK(refusal(head + "$WHAT\n").find("zone:5: $WHAT") == 0);
    CHECK(refusal(head + "www.example.org. A 192.0.2.1\n").find("zone:5: ") == 0);
    CHECK(refusal(head + "www CH TXT x\n").find("zone:5: the class CH") == 0);
    CHECK(refusal(head + "www A 192.0.2\n").find("zone:5: ") == 0);
    CHECK(refusal(head + "www CNAM x\n").find("zone:5: ") == 0);
    CHECK(refusal(head + "www IN\n").find("zone:5: the record has no type") == 0);
    CHECK(refusal(head + "www TXT \"open\n").find("zone:5: a quote") == 0);
    CHECK(refusal(head + "www TXT ( a\n").find("zone:5: a (") == 0);
    CHECK(refusal(head + "www TXT a )\n").find("zone:5: a )") == 0);
    CHECK(refusal("www 5 A 192.0.2.1\n").find("exactly one SOA") != std::string::npos);
    CHECK(refusal(head + head).find("exactly one SOA") != std::string::npos);
    CHECK(refusal("$TTL 1\nsub SOA a b 1 2 3 4 5\n").find("zone:2: the SOA") == 0);
    CHECK(refusal(" A 192.0.2.1\n").find("zone:1: the first record") == 0);
    CHECK(refusal("www A 192.0.2.1\n" + head).find("zone:1: the record has no TTL") == 0);
}
