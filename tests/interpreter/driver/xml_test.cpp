// The XML reader of Lua drivers: what it reads, and what it refuses.
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

// Answers with the text it was told of, decoded; or with the error.
const std::string decodes = R"(read = { observe = function(_, call)
  local answer = http.get { url = call.settings.url, path = "/" }
  local well, root = pcall(xml.decode, answer.body)
  if not well then return { error = tostring(root) } end
  if #answer.body > 100000 then return { count = #xml.all(root, "list.host") } end
  return { root = root, hosts = xml.all(root, "list.host"), first = xml.text(root, "list.host"),
    none = xml.text(root, "list.none"), escaped = xml.escape("<a b='\"'>&\r") }
end })";

struct Decoder {
    Decoder() : thing(decodes) {}
    Value read(const std::string& text) {
        thing.server.reply({.headers = {{"Content-Type", "text/xml"}}, .body = text});
        const auto told = thing.rig->observe("read", fields());
        REQUIRE_MESSAGE(told.ok(), (told.ok() ? "" : told.error().message));
        return *told;
    }
    Thing thing;
};

}  // namespace

TEST_CASE("reads_elements_attributes_text_and_cdata") {
    Decoder decoder;
    const Value told = decoder.read(
        "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- a > b --><a:root x='1' y=\"&quot;2&#62;\">\n"
        "<list><host>one</host><host >two&amp;<![CDATA[<raw> & ]]>&#x10FFFF;&#252;</host><gap/>"
        "</list >tail</a:root>\n");
    const Value& root = told["root"];
    CHECK(root["name"].text() == "a:root");
    CHECK(root["attributes"]["x"].text() == "1");
    CHECK(root["attributes"]["y"].text() == "\"2>");
    CHECK(root["text"].text() == "\ntail");
    const Value& list = root["children"].list()[0];
    REQUIRE(list["children"].list().size() == 3);
    CHECK(list["children"].list()[1]["text"].text() == "two&<raw> & \xF4\x8F\xBF\xBF\xC3\xBC");
    CHECK(list["children"].list()[2]["name"].text() == "gap");
    CHECK(told["hosts"].list().size() == 2);
    CHECK(told["first"].text() == "one");
    CHECK_FALSE(told.has("none"));
    CHECK(told["escaped"].text() == "&lt;a b=&apos;&quot;&apos;&gt;&amp;&#13;");
}

TEST_CASE("refuses_what_is_no_xml_or_could_do_harm") {
    Decoder decoder;
    const std::pair<std::string, std::string> cases[] = {
        {"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "a document type"},
        {"<a>&b;</a>", "the entity \"&b;\" is unknown"},
        {"<a>&#0;</a>", "the entity"},
        {"<a>&#xD800;</a>", "the entity"},
        {"<a>&#x110000;</a>", "the entity"},
        {"<a><b></a></b>", "an end tag that closes nothing"},
        {"<a><b>", "the end inside <b>"},
        {"<a/><b/>", "a second root element"},
        {"words<a/>", "text outside"},
        {"<a x=1/>", "a tag that cannot be read"},
        {"<a x='1'y='2'/>", "a tag that cannot be read"},
        {"<a x='1", "a tag that cannot be read"},
        {"<a><![CDATA[ </a>", "a CDATA section without an end"},
        {"< a/>", "begins no tag"},
        {"", "no element"},
    };
    for (const auto& [text, why] : cases) {
        const std::string error = decoder.read(text)["error"].text();
        INFO(text);
        CHECK_MESSAGE(error.find(why) != std::string::npos, error);
        CHECK(error.find("at byte") != std::string::npos);
    }
    std::string deep;
    for (int i = 0; i < 65; ++i) deep += "<a>";
    CHECK(decoder.read(deep)["error"].text().find("more than 64 elements") != std::string::npos);
}

TEST_CASE("reads_a_large_answer_in_time_that_grows_with_it_alone") {
    Decoder decoder;
    std::string text = "<root><list>";
    for (int i = 0; i < 40000; ++i) text += "<host>name &amp; " + std::to_string(i) + "</host>";
    text += "</list></root>";
    const double began_s = boot_now_s();
    CHECK(decoder.read(text + std::string(1000, '\n'))["count"].number() == 40000);
    CHECK(boot_now_s() - began_s < 10);
}

}  // namespace perilune::test
