// Signatures in minisign's format: made and checked here, and by minisign itself where it is.
#include "interpreter/base/minisign.h"

#include <doctest/doctest.h>

#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

// What `minisign -G` and `minisign -S` made, with the password "correct horse".
struct Signed {
    KeyPair keys = make_signing_keys();
    SigningKey key = *read_signing_key(keys.secret_file);
    PublicKey shown = *read_public_key(keys.public_file);
    std::string text = "run a 1\n";
    std::string signature = *sign_text(key, text, "taken at noon");
};

bool has_minisign() { return std::system("minisign -v >/dev/null 2>&1") == 0; }

}  // namespace

TEST_CASE("a_signature_is_its_own_keys_over_its_own_text") {
    const Signed made;
    CHECK(*verify_signature(made.shown, made.text, made.signature) == "taken at noon");
    const auto altered = verify_signature(made.shown, made.text + " ", made.signature);
    REQUIRE_FALSE(altered.ok());
    CHECK(altered.error().message.find("not as it was signed") != std::string::npos);
    const Signed other;
    const auto strange = verify_signature(other.shown, made.text, made.signature);
    REQUIRE_FALSE(strange.ok());
    CHECK(strange.error().message.find(show_key_id(made.shown.id)) != std::string::npos);
}

TEST_CASE("the_trusted_comment_is_signed_too") {
    const Signed made;
    std::string moved = made.signature;
    moved.replace(moved.find("noon"), 4, "nine");
    CHECK(verify_signature(made.shown, made.text, moved).error().code == "bad_signature");
    CHECK_FALSE(sign_text(made.key, made.text, "two\nlines").ok());
}

TEST_CASE("every_cut_and_every_altered_character_of_a_signature_is_refused") {
    const Signed made;
    const auto second = made.signature.find('\n') + 1;
    for (std::size_t i = 0; i + 1 < made.signature.size(); ++i)
        CHECK_FALSE(verify_signature(made.shown, made.text, made.signature.substr(0, i)).ok());
    for (std::size_t i = second; i < second + 96; ++i) {
        std::string altered = made.signature;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        CAPTURE(i);
        CHECK_FALSE(verify_signature(made.shown, made.text, altered).ok());
    }
}

TEST_CASE("keys_that_are_none_are_refused") {
    for (const char* text :
         {"", "x", "untrusted comment: a\n", "RWQ=", "untrusted comment: a\nRWQ="}) {
        CAPTURE(text);
        CHECK(read_public_key(text).error().code == "bad_key");
        CHECK(read_signing_key(text).error().code == "bad_key");
        CHECK_FALSE(needs_password(text));
    }
    const Signed made;
    std::string damaged = made.keys.secret_file;
    damaged[damaged.size() - 20] = damaged[damaged.size() - 20] == 'A' ? 'B' : 'A';
    CHECK(read_signing_key(damaged).error().message.find("damaged") != std::string::npos);
}

TEST_CASE("minisign_checks_ours_and_we_check_minisigns") {
    if (!has_minisign()) return;
    const TemporaryFolder folder;
    const auto at = [&](const char* name) { return folder.path() + "/" + name; };
    const Signed made;
    folder.write("ours.pub", made.keys.public_file);
    folder.write("ours.key", made.keys.secret_file);
    folder.write("text", made.text);
    folder.write("text.minisig", made.signature);
    const std::string quiet = " >/dev/null 2>&1 </dev/null";
    CHECK(std::system(("minisign -V -p " + at("ours.pub") + " -m " + at("text") + quiet).c_str()) ==
          0);
    folder.write("text", made.text + "more");
    CHECK(std::system(("minisign -V -p " + at("ours.pub") + " -m " + at("text") + quiet).c_str()) !=
          0);
    // With our secret key it signs what we check, in its newer and its older form.
    for (const char* form : {"-H", "-l"}) {
        CAPTURE(form);
        CHECK(std::system(("minisign -S -W " + std::string(form) + " -s " + at("ours.key") +
                           " -t theirs -m " + at("text") + " -x " + at("sig") + quiet)
                              .c_str()) == 0);
        const auto checked = verify_signature(made.shown, folder.read("text"), folder.read("sig"));
        CHECK_MESSAGE(checked.ok(), (checked.ok() ? "" : checked.error().message));
    }
}

}  // namespace perilune::test
