// What secrets open to is masked, whoever gave them and whatever they read as.
#include "interpreter/run/secret_opener.h"

#include <doctest/doctest.h>

using namespace perilune;

TEST_CASE("what_a_provider_gave_is_a_handle_and_masked_also_where_it_reads_as_a_word") {
    for (const char* secret : {"correcthorsebattery", "letmein-please", "123456", "Tr0ub4dor3"}) {
        Masker masker;
        SecretOpener opener(masker);
        const Value handle = opener.keep("vault/database password", secret);
        CHECK(handle.is_secret());
        CHECK(*opener.open(handle) == secret);
        CHECK(masker.mask(std::string("it is ") + secret).find(secret) == std::string::npos);
    }
}

TEST_CASE("a_secret_too_short_to_be_masked_is_refused") {
    Masker masker;
    SecretOpener opener(masker);
    opener.set_fetch([](const std::string&, const std::string&) -> Result<std::string> {
        return std::string("3000");
    });
    const auto declared = opener.open(make_secret("port"));
    REQUIRE_FALSE(declared.ok());
    CHECK(declared.error().code == "secret_too_short");
    const auto kept = opener.open(opener.keep("app variable", "3000"));
    REQUIRE_FALSE(kept.ok());
    CHECK(kept.error().code == "secret_too_short");
}
