// The dns family's table and the one form of its arguments.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"

using namespace perilune;

namespace {

Result<Map> checked(std::string_view operation, Value arguments) {
    return check_arguments(dns_family, *dns_family.operation(operation), arguments.as_map());
}

Value upsert(const std::string& name, const std::string& type, const std::string& value) {
    Value made;
    return made.set("name", name).set("type", type).set("value", value);
}

}  // namespace

TEST_CASE("every_dns_operation_is_documented_to_its_last_parameter") {
    for (const auto& operation : dns_family.operations) {
        CHECK_MESSAGE(!operation.doc.empty(), operation.name);
        CHECK_MESSAGE(!operation.result.empty(), operation.name);
        const bool change = operation.effect == Effect::change;
        CHECK_MESSAGE(change == (operation.recovery != Recovery::none), operation.name);
        CHECK_MESSAGE(change != operation.undo.empty(), operation.name);
        for (const auto& parameter : operation.used_parameters())
            CHECK_MESSAGE(!parameter.doc.empty(), operation.name << " " << parameter.name);
    }
}

TEST_CASE("brings_the_arguments_of_upsert_into_one_form") {
    const auto made = checked("upsert", upsert("APP", "cname", "Web.Example.net."));
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    CHECK(made->at("name").text() == "app");
    CHECK(made->at("type").text() == "CNAME");
    CHECK(made->at("values") == Value(List{"web.example.net"}));
    CHECK(made->at("ttl").number() == 300);
    CHECK_FALSE(made->contains("value"));
}

TEST_CASE("normal_arguments_stay_as_they_are") {
    auto once = checked("upsert", upsert("@", "MX", "10 Mail.example.net"));
    REQUIRE(once.ok());
    const auto twice = checked("upsert", Value(*once));
    REQUIRE(twice.ok());
    CHECK(Value(*once) == Value(*twice));
}

TEST_CASE("sorts_values_and_removes_duplicates") {
    Value wanted;
    wanted.set("name", "a").set("type", "A");
    wanted.set("values", List{"192.0.2.2", "192.0.2.1", "192.0.2.2"});
    CHECK(checked("upsert", wanted)->at("values") == Value(List{"192.0.2.1", "192.0.2.2"}));
}

TEST_CASE("refuses_arguments_no_zone_could_hold") {
    CHECK_FALSE(checked("upsert", upsert("a b", "A", "192.0.2.1")));
    CHECK_FALSE(checked("upsert", upsert("a", "B", "192.0.2.1")));
    CHECK_FALSE(checked("upsert", upsert("a", "A", "web.example.net")));
    CHECK_FALSE(checked("upsert", upsert("a", "A", "192.0.2.1").set("ttl", 1.5)));
    CHECK_FALSE(checked("upsert", upsert("a", "A", "192.0.2.1").set("ttl", 4e9)));
    CHECK_FALSE(checked("upsert", upsert("a", "A", "192.0.2.1").set("comment", "two\nlines")));
    Value two;
    two.set("name", "a").set("type", "CNAME");
    two.set("values", List{"a.example.net", "b.example.net"});
    const auto aliases = checked("upsert", two);
    REQUIRE_FALSE(aliases.ok());
    CHECK(aliases.error().code == "cname_conflict");
    CHECK_FALSE(checked("upsert", Value(two).set("values", List{})));
    CHECK_FALSE(checked("upsert", Value(two).set("values", List{5})));
}

TEST_CASE("brings_the_sets_of_a_batch_into_one_form") {
    Value batch;
    batch.set("upserts",
              List{upsert("A", "a", "192.0.2.1"), upsert("b", "A", "192.0.2.1").set("ttl", "1h")});
    batch.set("deletes", List{Value().set("name", "C").set("type", "txt")});
    const auto made = checked("batch", batch);
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    CHECK(made->at("upserts").list()[0]["name"].text() == "a");
    CHECK(made->at("upserts").list()[0]["ttl_s"].number() == 300);
    CHECK(made->at("upserts").list()[1]["ttl_s"].number() == 3600);
    CHECK(made->at("deletes").list()[0]["type"].text() == "TXT");
}

TEST_CASE("names_the_set_of_a_batch_that_is_wrong") {
    Value batch;
    batch.set("upserts", List{upsert("a", "A", "192.0.2.1"), upsert("b", "A", "no")});
    const auto made = checked("batch", batch);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.find("upserts[2]") == 0);
    batch.set("upserts", List{upsert("a", "A", "192.0.2.1"), upsert("A", "a", "192.0.2.2")});
    CHECK_FALSE(checked("batch", batch).ok());
    batch.set("upserts", List{upsert("a", "A", "192.0.2.1").set("tll", 5)});
    CHECK_FALSE(checked("batch", batch).ok());
    batch.set("upserts", List{upsert("a", "A", "192.0.2.1")});
    batch.set("deletes", List{Value().set("name", "a").set("type", "A")});
    CHECK_FALSE(checked("batch", batch).ok());
}

TEST_CASE("lets_the_unknown_values_of_a_plan_pass") {
    Value wanted = upsert("a", "CNAME", "x");
    const auto made = checked("upsert", wanted.set("value", Value(Unknown{"web:endpoint"})));
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    CHECK(made->at("values").list()[0].is_unknown());
}

TEST_CASE("checks_whom_to_ask") {
    Value asked;
    asked.set("name", "a").set("to", "B.example.net.");
    CHECK(checked("resolves", asked)->at("to").text() == "b.example.net");
    CHECK(checked("resolves", asked)->at("servers").text() == "resolvers");
    CHECK(checked("resolves", Value(asked).set("to", "2001:DB8::1"))->at("to").text() ==
          "2001:db8::1");
    CHECK(checked("resolves", Value(asked).set("servers", List{"192.0.2.1"})).ok());
    CHECK_FALSE(checked("resolves", Value(asked).set("servers", "everybody")));
    CHECK_FALSE(checked("resolves", Value(asked).set("servers", List{})));
    CHECK_FALSE(checked("resolves", Value(asked).set("to", "app")));
    Value text = Value(asked).set("type", "TXT").set("to", "\"v=spf1 -all\"");
    CHECK(checked("resolves", text)->at("to").text() == "v=spf1 -all");
}
