// The pieces of the driver `s3` by themselves: XML, CRC-64/NVME, keys, checks of content.
#include <doctest/doctest.h>

#include "bindings/storage/s3_check.h"
#include "bindings/storage/s3_crc64.h"
#include "bindings/storage/s3_rule_forms.h"
#include "bindings/storage/s3_xml.h"
#include "interpreter/base/json.h"

namespace perilune::test {

namespace {

S3Place place_of(const Map& more = {}) {
    Map values = {{"bucket", "bucket"},     {"region", "eu-west-1"}, {"checksums", "on"},
                  {"etags", "md5"},         {"part_size", 8 << 20},  {"at_once", 3},
                  {"conditions", "service"}};
    for (const auto& [name, value] : more) values[name] = value;
    Settings settings{.target = "storage/x", .values = Value(values), .folder = "/nowhere"};
    auto place = read_s3_place(settings);
    REQUIRE(place.ok());
    return *place;
}

std::string refused(const Map& more) {
    Map values = {
        {"bucket", "bucket"}, {"region", "eu-west-1"}, {"part_size", 8 << 20}, {"at_once", 3}};
    for (const auto& [name, value] : more) values[name] = value;
    Settings settings{.target = "storage/x", .values = Value(values), .folder = "/nowhere"};
    const auto place = read_s3_place(settings);
    return place.ok() ? "accepted" : place.error().code;
}

// "well", or the code of what finish gives.
std::string checked(const S3Place& place, const S3Object& object,
                    const std::vector<std::string>& pieces) {
    S3Check check(place, object);
    for (const auto& piece : pieces) check.add(piece);
    const auto whole = check.finish();
    return whole.ok() ? "well" : whole.error().code;
}

}  // namespace

TEST_CASE("reads_xml_with_entities_namespaces_comments_and_cdata") {
    const auto read = read_xml(
        "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- > -->\n<s:List xmlns:s=\"a>b\" x='\"'>"
        "<Key>a&amp;b&lt;&#x20AC;&#13;</Key>\n <Empty/><Key><![CDATA[<&]]>!</Key></s:List>\n");
    REQUIRE(read.ok());
    CHECK(read->name == "List");
    CHECK(read->text.empty());
    REQUIRE(read->all("Key").size() == 2);
    CHECK(read->at("Key") == "a&b<\xe2\x82\xac\r");
    CHECK(read->all("Key")[1]->text == "<&!");
    CHECK(read->has("Empty"));
    CHECK_FALSE(read->has("Empty/Key"));
}

TEST_CASE("refuses_xml_that_is_broken_or_declares_entities") {
    for (const std::string text :
         {"", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&#x110000;</a>",
          "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a", "<a b=\"", "text", "<a><![CDATA[</a>",
          "<a>&amp</a>"}) {
        CAPTURE(text);
        CHECK_FALSE(read_xml(text).ok());
    }
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += "<a>";
    CHECK_FALSE(read_xml(deep).ok());
}

TEST_CASE("writes_xml_that_reads_back_as_it_was") {
    XmlElement made{.name = "Delete", .text = {}, .children = {}};
    XmlElement object{.name = "Object", .text = {}, .children = {}};
    object.add("Key", "a&b<c>\"'\r\n\t \xf0\x9f\x98\x80 ");
    made.add(object).add("Quiet", "true");
    const auto read = read_xml(write_xml_document(made));
    REQUIRE(read.ok());
    CHECK(*read == made);
}

TEST_CASE("works_out_crc64_nvme_whole_in_pieces_and_joined") {
    CHECK(crc64_nvme(0, "") == 0);
    CHECK(crc64_nvme(0, "123456789") == 0xae8b14860a799888);  // The catalogue's check value.
    CHECK(crc64_text(crc64_nvme(0, "123456789")) == "rosUhgp5mIg=");
    std::string text;
    for (int i = 0; i < 1000; ++i) text += std::to_string(i * 7919);
    const std::uint64_t whole = crc64_nvme(0, text);
    for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8},
                                  std::size_t{1001}, text.size()}) {
        CAPTURE(cut);
        const std::uint64_t first = crc64_nvme(0, text.substr(0, cut));
        const std::uint64_t second = crc64_nvme(0, text.substr(cut));
        CHECK(crc64_nvme(first, text.substr(cut)) == whole);
        CHECK(crc64_joined(first, second, text.size() - cut) == whole);
    }
}

TEST_CASE("encodes_keys_for_paths_and_reads_them_back") {
    const std::string key = "a b/+%2F//\xc3\xbc~-._\x01\n?#&";
    CHECK(encode_key(key) == "a%20b/%2B%252F//%C3%BC~-._%01%0A%3F%23%26");
    CHECK(decode_key(encode_key(key)) == key);
    CHECK(decode_key("a+b%2Bc%zz") == "a b+c%zz");
}

TEST_CASE("refuses_keys_that_would_not_come_back_or_lead_elsewhere") {
    const S3Place place = place_of({{"prefix", "team/x/"}});
    CHECK(place.full_key("a//b/").value() == "team/x/a//b/");
    CHECK(place.full_key("/a").value() == "team/x//a");
    CHECK(place.full_key("..a/b..").ok());
    for (const std::string& key :
         {std::string(""), std::string(".."), std::string("../y"), std::string("a/./b"),
          std::string("a/.."), std::string("a\0b", 3), std::string("\xff"), std::string("\xc0\x80"),
          std::string("\xed\xa0\x80"), std::string("\xe2\x82"), std::string(1018, 'x')}) {
        CAPTURE(key);
        REQUIRE_FALSE(place.full_key(key).ok());
        CHECK(place.full_key(key).error().code == "bad_key");
    }
    CHECK(place.full_key(std::string(1017, 'x')).ok());
}

TEST_CASE("finds_the_bucket_from_its_settings") {
    CHECK(place_of().base == "https://bucket.s3.eu-west-1.amazonaws.com");
    CHECK(place_of({{"bucket", "a.b"}}).base == "https://s3.eu-west-1.amazonaws.com/a.b");
    CHECK(place_of({{"addressing", "path"}}).base == "https://s3.eu-west-1.amazonaws.com/bucket");
    CHECK(place_of({{"region", "cn-north-1"}}).base ==
          "https://bucket.s3.cn-north-1.amazonaws.com.cn");
    const Map r2 = {{"endpoint", "https://x.r2.cloudflarestorage.com/"}, {"region", "auto"}};
    CHECK(place_of(r2).base == "https://x.r2.cloudflarestorage.com/bucket");
    CHECK(refused({{"bucket", "a/b"}}) == "bad_setting");
    CHECK(refused({{"bucket", ".."}}) == "bad_setting");
    CHECK(refused({{"endpoint", "ftp://x"}}) == "bad_setting");
    CHECK(refused({{"region", "EU west"}}) == "bad_setting");
    CHECK(refused({{"part_size", 1 << 20}}) == "bad_setting");
    CHECK(refused({{"at_once", 0}}) == "bad_setting");
    CHECK(refused({{"prefix", "../up"}}) == "bad_setting");
}

TEST_CASE("checks_content_by_the_best_checksum_that_is_stated") {
    const S3Place place = place_of();
    S3Object object;
    object.key = "k";
    object.size_bytes = 9;
    CHECK(checked(place, object, {"1234", "56789"}) == "well");
    CHECK(checked(place, object, {"12345678"}) == "damaged");  // By its size alone.
    object.etag = "25f9e794323b453885f5181f1b624d0b";
    CHECK(S3Check(place, object).kind() == "md5");
    CHECK(checked(place, object, {"123456789"}) == "well");
    CHECK(checked(place, object, {"123456780"}) == "damaged");
    CHECK(S3Check(place_of({{"etags", "opaque"}}), object).kind() == "size");
    object.sha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    CHECK(S3Check(place, object).kind() == "sha256");
    CHECK(checked(place, object, {"123456789"}) == "well");
    CHECK(checked(place, object, {"223456789"}) == "damaged");
    object.crc64 = "rosUhgp5mIg=";
    CHECK(S3Check(place, object).kind() == "crc64nvme");
    CHECK(checked(place, object, {"123456789"}) == "well");
    CHECK(checked(place, object, {"123456788"}) == "damaged");
}

TEST_CASE("checks_content_by_the_md5_of_its_parts_where_their_size_is_known") {
    const S3Place place = place_of();
    S3Object object;
    object.key = "k";
    object.size_bytes = 9;
    object.part_bytes = 4;
    // md5(md5("1234") + md5("5678") + md5("9")), worked out by Python's hashlib.
    object.etag = "393e928fcf5925fcbd3a06aaf20b2d38-3";
    CHECK(S3Check(place, object).kind() == "md5 of parts");
    CHECK(checked(place, object, {"123456789"}) == "well");
    CHECK(checked(place, object, {"12", "3456", "", "789"}) == "well");
    CHECK(checked(place, object, {"123456780"}) == "damaged");
    object.part_bytes = 5;  // Two parts, so the ETag is of another upload.
    CHECK(S3Check(place, object).kind() == "size");
}

}  // namespace perilune::test
