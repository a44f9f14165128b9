// Names, types and values of records: one canonical text for one value.
#include <doctest/doctest.h>

#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"
#include "bindings/dns/txt.h"

using namespace perilune;

namespace {

std::string value(const std::string& type, const std::string& text) {
    const auto made = value_of_text(type, text);
    return made ? *made : "refused: " + made.error().message;
}

bool refused(const std::string& type, const std::string& text) {
    return value(type, text).starts_with("refused: ");
}

}  // namespace

TEST_CASE("gives_one_text_to_one_value_however_it_is_written") {
    CHECK(value("A", "192.0.2.10") == "192.0.2.10");
    CHECK(value("AAAA", "2001:DB8:0:0::0010") == "2001:db8::10");
    CHECK(value("CNAME", "Web.Example.NET.") == "web.example.net");
    CHECK(value("CNAME", "web.example.net") == "web.example.net");
    CHECK(value("NS", "localhost.") == "localhost.");
    CHECK(value("MX", "10   Mail.example.net.") == "10 mail.example.net");
    CHECK(value("MX", "0 .") == "0 .");
    CHECK(value("SRV", "1 2 443 web.example.net.") == "1 2 443 web.example.net");
    CHECK(value("CAA", "0 Issue letsencrypt.org") == "0 issue \"letsencrypt.org\"");
    CHECK(value("DS", "12345 8 2 ABCD EF01") == "12345 8 2 abcdef01");
    CHECK(value("SOA", "ns.example.com. root.example.com. 7 1h 15m 1w 300") ==
          "ns.example.com root.example.com 7 3600 900 604800 300");
    CHECK(value("TYPE65280", "\\# 4 0A000001") == "\\# 4 0a000001");
    CHECK(value("HTTPS", "1 . alpn=h2") == "1 . alpn=h2");
}

TEST_CASE("a_canonical_value_is_its_own_canonical_value") {
    const std::pair<const char*, const char*> values[] = {
        {"MX", "10 mail.example.net"}, {"CAA", "0 issue \"a; b\""},
        {"TXT", "\"a\" \"b\""},        {"NS", "localhost."},
        {"TXT", "v=spf1 -all"},        {"SRV", "0 0 0 ."},
        {"TXT", "back\\slash"},        {"NAPTR", "1 2 \"u\" \"sip\" \"\" a.example.net"}};
    for (const auto& [type, text] : values) CHECK(value(type, text) == text);
}

TEST_CASE("refuses_values_no_record_could_have") {
    CHECK(refused("A", "192.0.2.300"));
    CHECK(refused("A", "2001:db8::1"));
    CHECK(refused("AAAA", "192.0.2.1"));
    CHECK(refused("MX", "mail.example.net"));
    CHECK(refused("MX", "70000 mail.example.net"));
    CHECK(refused("MX", "10 mail.example.net more"));
    CHECK(refused("CNAME", "app"));  // Would be read as relative to something.
    CHECK(refused("CNAME", "@"));
    CHECK(refused("CNAME", "two words.example.net"));
    CHECK(refused("TXT", "line\nbreak"));
    CHECK(refused("TXT", "\"open"));
    CHECK(refused("A", "192.0.2.1 ; note"));
    CHECK(refused("CAA", "0 issue ("));
    CHECK(refused("TYPE65280", "0A000001"));
    CHECK(refused("NS", "a..example.net"));
    CHECK(refused("NS", std::string(64, 'a') + ".example.net"));
}

TEST_CASE("txt_is_plain_text_unless_borders_matter") {
    const std::string long_text(600, 'x');
    CHECK(value("TXT", "v=spf1 include:_spf.example.net -all") ==
          "v=spf1 include:_spf.example.net -all");
    CHECK(value("TXT", "\"v=spf1 -all\"") == "v=spf1 -all");
    CHECK(value("TXT", "\"one\" \"two\"") == "\"one\" \"two\"");
    CHECK(value("TXT", "") == "\"\"");
    CHECK(value("TXT", long_text) == long_text);
    CHECK(*txt_strings(long_text) == std::vector<std::string>{std::string(255, 'x'),
                                                              std::string(255, 'x'),
                                                              std::string(90, 'x')});
    CHECK(value("TXT", "\"\\\"quoted\\\"\"") == "\"\\\"quoted\\\"\"");
}

TEST_CASE("writes_values_so_that_a_zone_file_reads_them_back") {
    CHECK(zone_file_words("CNAME", "web.example.net") == "web.example.net.");
    CHECK(zone_file_words("MX", "0 .") == "0 .");
    CHECK(zone_file_words("NS", "localhost.") == "localhost.");
    CHECK(zone_file_words("SRV", "1 2 443 web.example.net") == "1 2 443 web.example.net.");
    CHECK(zone_file_words("TXT", "say \"hi\" \\ ü") == "\"say \\\"hi\\\" \\\\ \\195\\188\"");
    CHECK(zone_file_words("CAA", "0 issue \"a; b\"") == "0 issue \"a; b\"");
    for (const std::string text : {"say \"hi\" \\ ü; (x)", "plain", "\t tab", "\\034"}) {
        const auto words = split_words(zone_file_words("TXT", text));
        REQUIRE(words);
        CHECK(*value_of_words("TXT", *words, "example.com") == text);
    }
}

TEST_CASE("relative_names_of_a_zone_file_join_the_origin") {
    const auto mail = value_of_words("MX", {{"10", false}, {"Mail", false}}, "example.com");
    CHECK(*mail == "10 mail.example.com");
    CHECK(*value_of_words("CNAME", {{"@", false}}, "example.com") == "example.com");
    CHECK(*value_of_words("CNAME", {{"a.example.net.", false}}, "example.com") == "a.example.net");
}

TEST_CASE("knows_types_by_name_and_by_number") {
    CHECK(*checked_type("cname") == "CNAME");
    CHECK(*checked_type("type65280") == "TYPE65280");
    CHECK(*checked_type("TYPE1") == "A");
    CHECK(type_number("CAA") == 257);
    CHECK(type_name(28) == "AAAA");
    const auto wrong = checked_type("CNAM");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("CNAME") != std::string::npos);
    CHECK_FALSE(checked_type("TYPE70000"));
    CHECK_FALSE(checked_type("TYPE0"));
}

TEST_CASE("checks_names_and_places_them_in_the_zone") {
    CHECK(*checked_name("WWW") == "www");
    CHECK(*checked_name("*.App") == "*.app");
    CHECK(*checked_name("_dmarc") == "_dmarc");
    CHECK(*checked_name("a\\.b") == "a\\.b");
    for (const auto* name : {"", ".www", "a..b", "a b", "a;b", "a\"b", "a\\"})
        CHECK_MESSAGE(!checked_name(name), name);
    CHECK_FALSE(checked_name(std::string(64, 'a')));
    CHECK(*resolve_owner("www", "example.com") == "www");
    CHECK(*resolve_owner("www.example.com.", "example.com") == "www");
    CHECK(*resolve_owner("example.com.", "example.com") == "@");
    CHECK_FALSE(resolve_owner("www.example.org.", "example.com"));
    CHECK_FALSE(resolve_owner("badexample.com.", "example.com"));
    const auto doubled = resolve_owner("www.example.com", "example.com");
    REQUIRE_FALSE(doubled);
    CHECK(doubled.error().message.find("\"www\"") != std::string::npos);
}

TEST_CASE("an_escaped_dot_does_not_end_a_name") {
    CHECK(ends_in_dot("a."));
    CHECK_FALSE(ends_in_dot("a\\."));
    CHECK(ends_in_dot("a\\\\."));
    CHECK_FALSE(ends_in_dot("a"));
}
