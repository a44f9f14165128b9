#include "interpreter/run/proof.h"

#include <algorithm>
#include <array>

#include "interpreter/base/ssh_signature.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Error bad(std::string message) { return fail("bad_signature", std::move(message)); }

const SshKey* key_of(const Person& person, const std::string& fingerprint) {
    for (const auto& key : person.keys)
        if (key.fingerprint == fingerprint) return &key;
    return nullptr;
}

}  // namespace

Result<std::string> check_proof(const People& people, const std::string& person, const Value& proof,
                                double at_s) {
    const std::string shown = std::string(people_file) + " of this run's code";
    const Person* known = people.find(person);
    if (!known || known->id != person)
        return bad("It says that " + in_quotes(person) + " signed it, who is not in " + shown +
                   ".");
    const std::string signature = proof["signature"].text();
    const std::string fingerprint = ssh_signature_key(signature);
    if (fingerprint.empty()) return bad("Its signature is none of SSH's.");
    const Person* holder = people.holder(fingerprint);
    if (!holder)
        return bad("It is signed by the key " + fingerprint + ", which is nobody's in " + shown +
                   ".");
    if (holder != known)
        return bad("It is signed by a key of " + holder->id + ", and says that it is " + person +
                   "'s.");
    if (!key_of(*known, fingerprint)->valid_at(at_s))
        return bad("It is signed by " + person + "'s key " + fingerprint +
                   ", which was not valid at " + show_time(at_s) + ".");
    const auto verified =
        verify_by_ssh(people.allowed_signers(), person, proof["text"].text(), signature, at_s);
    if (verified) return fingerprint;
    if (verified.error().code != "bad_signature") return verified.error();
    return bad("Its text or its signature was changed: " + verified.error().message + ".");
}

bool is_signed_kind(std::string_view kind) {
    static constexpr std::array<std::string_view, 11> kinds = {
        "approve", "reject", "answer", "plan",   "retry", "skip",
        "settle",  "undo",   "cancel", "signal", "review"};
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

Signature check_signature(const Texts& bundle, const Value& body, double at_s) {
    Signature made;
    if (!body.has("signed")) return made;
    const Value& given = body["signed"];
    made.proof.set("text", given["text"]).set("signature", given["signature"]);
    const auto people = People::of(bundle);
    const auto key = people ? check_proof(*people, given["person"].text(), made.proof, at_s)
                            : Result<std::string>(people.error());
    if (!key) {
        made.problem = "The signature does not count: " + key.error().message +
                       " Give the command again by a key of your own: --key FILE.";
        return made;
    }
    made.person = given["person"].text();
    made.proof.set("key", *key);
    return made;
}

}  // namespace perilune
