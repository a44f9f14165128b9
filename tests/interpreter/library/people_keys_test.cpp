// People and their SSH keys: what is read, what is refused, and what ssh-keygen is given.
#include <doctest/doctest.h>

#include "interpreter/library/bundle.h"
#include "interpreter/library/people.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

const std::string anna_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK3RrzAjXqRPqd2KP8QVEAny"
    "qQps6fQJGf6lJRatV0nI";
const std::string ben_key =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlz"
    "dHAyNTYAAABBBHFU9KYYpWLk7NQBD07lcqH03wJdS5iPXziOrPhCbeEczDXC+vG2pJF03CXiZBjW4pcS"
    "kkdPFZhgs9EIMj4LWXU=";
const std::string anna_print = "SHA256:Ph2e/JXUkCw4JStc1NzKLh5q+ciCBhG8tLdjz8Pc1gA";
const std::string ben_print = "SHA256:Y1LO3Q/4y3kDpd8/cpRWS4EK+vWS4aV9ir9tFXovoQw";

People read(const std::string& text) {
    auto people = People::parse(text, "people.yaml");
    INFO(refusal(people));
    REQUIRE(people.ok());
    return std::move(*people);
}

std::string refused(const std::string& text) {
    return refusal(People::parse("people:\n" + text, "people.yaml"));
}

}  // namespace

TEST_CASE("a_public_key_has_the_fingerprint_that_ssh_keygen_shows") {
    CHECK(parse_ssh_key(anna_key + " anna@laptop with words\n")->fingerprint == anna_print);
    CHECK(parse_ssh_key(ben_key)->fingerprint == ben_print);
    CHECK(parse_ssh_key(ben_key)->type == "ecdsa-sha2-nistp256");
}

TEST_CASE("what_is_no_public_key_is_refused_with_what_it_is") {
    const auto why = [](const std::string& line) { return refusal(parse_ssh_key(line)); };
    CHECK(holds(why("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"), "is a secret key"));
    CHECK(holds(why("ssh-dss AAAA"), "ssh-dss"));
    CHECK(holds(why("ssh-ed25519-cert-v01@openssh.com AAAA"), "is a certificate"));
    CHECK(holds(why("ssh-ed2519 AAAA"), "Did you mean \"ssh-ed25519\"?"));
    CHECK(holds(why(""), "is no SSH public key"));
    CHECK(holds(why("ssh-ed25519"), "is damaged"));
    CHECK(holds(why("ssh-rsa" + anna_key.substr(anna_key.find(' '))), "is damaged"));
    CHECK(holds(why(anna_key.substr(0, anna_key.size() - 4)), "its end is missing"));
    CHECK(holds(why(anna_key + "\n" + ben_key), "has several lines"));
}

TEST_CASE("people_are_found_by_their_keys") {
    const People people = read("people:\n  anna: { keys: [\"" + anna_key +
                               " anna\"] }\n  ben: { roles: [lead], keys: \"" + ben_key + "\" }\n");
    CHECK(people.know_keys());
    REQUIRE(people.holder(anna_print));
    CHECK(people.holder(anna_print)->id == "anna");
    CHECK(people.holder("SHA256:other") == nullptr);
    CHECK_FALSE(read("people: { anna: {} }\n").know_keys());
    CHECK_FALSE(People().know_keys());
}

TEST_CASE("allowed_signers_say_whose_key_counts_when_and_for_what") {
    const People people = read("people:\n  anna: { keys: [\"" + anna_key +
                               " anna\"] }\n  ben:\n    keys:\n      - { key: \"" + ben_key +
                               "\", valid_after: \"2026-03-01T02:00:00Z\", "
                               "valid_before: \"2027-03-01T03:00:00+01:00\" }\n");
    CHECK(people.allowed_signers() ==
          "anna namespaces=\"perilune\" " + anna_key +
              "\nben namespaces=\"perilune\",valid-after=\"20260301020000Z\","
              "valid-before=\"20270301020000Z\" " +
              ben_key + "\n");
    const SshKey& key = people.find("ben")->keys[0];
    CHECK_FALSE(key.valid_at(key.valid_after - 1));
    CHECK(key.valid_at(key.valid_after));
    CHECK_FALSE(key.valid_at(key.valid_before));
}

TEST_CASE("wrong_keys_are_refused_with_place") {
    CHECK(
        holds(refused("  anna: { keys: [x] }\n"), "people.yaml:2:18: people.anna.keys is no SSH"));
    CHECK(refused("  anna: { keys: [\"" + anna_key + "\", \"" + anna_key + "\"] }\n")
              .ends_with(": people.anna has the key " + anna_print + " twice. Remove one."));
    CHECK(holds(
        refused("  anna: { keys: \"" + anna_key + "\" }\n  ben: { keys: \"" + anna_key + "\" }\n"),
        "people.yaml:3:16: people.anna and people.ben both have the key"));
    CHECK(holds(refused("  anna: { keys: { valid_after: \"2026-03-01T02:00:00Z\" } }\n"),
                "people.anna.keys has no \"key\""));
    CHECK(holds(refused("  anna: { keys: { key: \"" + anna_key + "\", valid-after: x } }\n"),
                "Did you mean \"valid_after\"?"));
    CHECK(holds(refused("  anna: { keys: { key: \"" + anna_key +
                        "\", valid_after: \"2026-03-01T02:00:00Z\", valid_before: "
                        "\"2026-03-01T02:00:00Z\" } }\n"),
                "is never valid"));
    CHECK(holds(refused("  anna: { keys: \"-----BEGIN OPENSSH PRIVATE KEY-----\" }\n"),
                "is a secret key"));
}

TEST_CASE("where_keys_are_known_only_those_with_one_can_approve") {
    const People people = read("people:\n  anna: { roles: [lead], keys: \"" + anna_key +
                               "\" }\n  ben: { roles: [lead] }\n");
    CHECK(people.eligible({.from = {"lead"}}, "") == std::vector<std::string>{"anna"});
}

TEST_CASE("people_yaml_is_part_of_the_library_and_of_its_bundle") {
    const TemporaryLibrary folder;
    CHECK_FALSE(People::of(*open_library(folder.path("")))->any());
    folder.write("people.yaml", "people: { anna: { keys: \"" + anna_key + "\" } }\n");
    const auto library = open_library(folder.path(""));
    REQUIRE(library.ok());
    const auto bundle = load_bundle(*library);
    REQUIRE(bundle.ok());
    CHECK(bundle->files.contains("people.yaml"));
    const auto carried = library_from_texts(bundle->files, "");
    REQUIRE(carried.ok());
    CHECK(People::of(*carried)->holder(anna_print)->id == "anna");
}
