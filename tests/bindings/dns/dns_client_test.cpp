// Asking a name server, against one that answers as told: lost, cut, forged and refused answers.
#include <doctest/doctest.h>

#include "bindings/dns/lookup.h"
#include "tests/bindings/dns/name_servers.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr char response_bits = '\x80';
constexpr char truncated_bit = '\x02';

// The question as an answer with this code and these answer records (raw bytes).
std::string reply_to(const std::string& question, const std::vector<std::string>& records,
                     int code = 0) {
    std::string reply = question;
    reply[2] = static_cast<char>(reply[2] | response_bits);
    reply[3] = static_cast<char>(code);
    reply[7] = static_cast<char>(records.size());
    reply[11] = 0;  // No additional records: the question's EDNS record is cut off.
    reply.resize(reply.size() - 11);
    for (const auto& record : records) reply += record;
    return reply;
}

// An A record of the name at the question's place, of 192.0.2.`last`.
std::string address(char last) {
    const std::string head("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02", 15);
    return head + last;
}

// A CNAME of the question's name to `label`.example.com, TTL 30; the zone's name stands in the
// question after its first label of three letters.
std::string alias(const std::string& label) {
    const std::string head("\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x1e\x00", 11);
    return head + static_cast<char>(label.size() + 3) + static_cast<char>(label.size()) + label +
           "\xc0\x10";
}

double soon_s() { return boot_now_s() + 10; }

}  // namespace

TEST_CASE("asks_a_server_and_reads_its_answer") {
    const FakeServer fake(
        [](const std::string& question, bool) { return reply_to(question, {address(7)}); });
    const auto reply = ask(fake.server(), "www.example.com", "A", soon_s());
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(reply->code == "NOERROR");
    REQUIRE(reply->answers.size() == 1);
    CHECK(reply->answers[0].owner == "www.example.com");
    CHECK(reply->answers[0].value == "192.0.2.7");
    CHECK(reply->answers[0].ttl_s == 60);
}

TEST_CASE("asks_over_tcp_where_the_answer_was_cut") {
    const FakeServer fake([](const std::string& question, bool tcp) {
        std::string reply = reply_to(question, {address(tcp ? 9 : 1)});
        if (!tcp) reply[2] = static_cast<char>(reply[2] | truncated_bit);
        return reply;
    });
    const auto reply = ask(fake.server(), "www.example.com", "A", soon_s());
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(reply->answers.at(0).value == "192.0.2.9");
}

TEST_CASE("asks_again_where_the_first_question_is_lost") {
    std::atomic<int> asked = 0;
    const FakeServer fake([&](const std::string& question, bool) {
        return ++asked == 1 ? std::string() : reply_to(question, {address(7)});
    });
    const auto reply = ask(fake.server(), "www.example.com", "A", soon_s());
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(asked == 2);
}

TEST_CASE("ignores_what_answers_another_question") {
    std::atomic<int> asked = 0;
    const FakeServer fake([&](const std::string& question, bool) {
        std::string reply = reply_to(question, {address(66)});
        if (++asked == 1) reply[0] = static_cast<char>(reply[0] ^ 0x55);  // Another id.
        if (asked == 2) reply[13] = static_cast<char>(reply[13] ^ 1);     // Another name.
        if (asked >= 3) reply = reply_to(question, {address(7)});
        return reply;
    });
    const auto reply = ask(fake.server(), "www.example.com", "A", soon_s());
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(reply->answers.at(0).value == "192.0.2.7");
}

TEST_CASE("garbage_is_no_answer") {
    const FakeServer fake([](const std::string&, bool) { return std::string("nonsense"); });
    const auto reply = ask(fake.server(), "www.example.com", "A", boot_now_s() + 0.3);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == "lookup_failed");
    CHECK(reply.error().retry == Retry::safe);
    CHECK(reply.error().message.find(fake.text()) != std::string::npos);
}

TEST_CASE("keeps_to_the_deadline") {
    const FakeServer fake([](const std::string&, bool) { return std::string(); });
    const double began_s = boot_now_s();
    CHECK_FALSE(ask(fake.server(), "www.example.com", "A", began_s + 0.2).ok());
    CHECK(boot_now_s() - began_s < 2);
}

TEST_CASE("tells_a_refusal_from_a_name_that_is_not_there") {
    const FakeServer refuses([](const std::string& q, bool) { return reply_to(q, {}, 5); });
    const FakeServer knows_not([](const std::string& q, bool) { return reply_to(q, {}, 3); });
    const auto answers =
        ask_all({refuses.server(), knows_not.server()}, "www.example.com", "A", soon_s());
    CHECK(answers[0].error == "The server answered REFUSED.");
    CHECK(answers[0].server == refuses.text());
    CHECK_FALSE(answers[1].error.has_value());
    CHECK(answers[1].values.empty());
}

TEST_CASE("follows_a_cname_that_the_server_knows_more_of") {
    const FakeServer fake([](const std::string& question, bool) {
        const bool first = question.find("www") != std::string::npos;
        return reply_to(question, {first ? alias("web") : address(8)});
    });
    const auto answers = ask_all({fake.server()}, "www.example.com", "A", soon_s());
    CHECK(answers[0].chain == std::vector<std::string>{"web.example.com"});
    CHECK(answers[0].values == std::vector<std::string>{"192.0.2.8"});
    CHECK(answers[0].ttl_s == 30);
    CHECK(answers_with(answers[0], "web.example.com"));
    CHECK(answers_with(answers[0], "192.0.2.8"));
    CHECK_FALSE(answers_with(answers[0], "www.example.com"));
    CHECK(fake.questions() == 2);
}

TEST_CASE("a_loop_of_cnames_is_an_error") {
    const FakeServer fake(
        [](const std::string& question, bool) { return reply_to(question, {alias("www")}); });
    const auto answers = ask_all({fake.server()}, "www.example.com", "A", soon_s());
    REQUIRE(answers[0].error.has_value());
    CHECK(answers[0].error->find("do not end") != std::string::npos);
}

TEST_CASE("reads_addresses_of_servers") {
    CHECK(find_server("192.0.2.1")->shown == "192.0.2.1:53");
    CHECK(find_server("192.0.2.1:5353")->shown == "192.0.2.1:5353");
    CHECK(find_server("2001:db8::1")->shown == "[2001:db8::1]:53");
    CHECK(find_server("[2001:db8::1]:5353")->shown == "[2001:db8::1]:5353");
    CHECK(find_server("[2001:db8::1]")->shown == "[2001:db8::1]:53");
    CHECK_FALSE(find_server("192.0.2.1:domain-that-is-none").ok());
}

TEST_CASE("reads_the_resolvers_of_the_system") {
    TemporaryFolder folder;
    folder.write("resolv.conf",
                 "# nameserver 192.0.2.9\nsearch example.com\nnameserver 192.0.2.1\n"
                 "nameserver\t2001:db8::1 # six\nnameserverx 192.0.2.8\n");
    const auto servers = system_resolvers(folder.path("resolv.conf"));
    REQUIRE(servers.size() == 2);
    CHECK(servers[0].shown == "192.0.2.1:53");
    CHECK(servers[1].shown == "[2001:db8::1]:53");
    CHECK(system_resolvers(folder.path("none")).at(0).shown == "127.0.0.1:53");
}
