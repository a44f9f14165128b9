#include "interpreter/run/secret_opener.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::string_view host_provider = "(host)";

Result<std::string> encode(const std::string& value, const std::string& encoding) {
    if (encoding.empty() || encoding == "raw") return value;
    if (encoding == "json") {
        const std::string quoted = to_canonical_json(Value(value));
        return quoted.substr(1, quoted.size() - 2);
    }
    if (encoding == "url") return url_encode(value);
    if (encoding == "base64") return to_base64(value);
    if (encoding == "hash") return to_hex(sha256(value));
    if (encoding.starts_with("hmac:sha256:"))
        return to_hex(hmac_sha256(value, std::string_view(encoding).substr(12)));
    return fail("bad_secret", "The encoding \"" + encoding + "\" of a secret is not known.");
}

}  // namespace

void SecretOpener::add_provider(const std::string& name, FetchSecret fetch) {
    const std::lock_guard guard(mutex_);
    providers_[name] = std::move(fetch);
}

Value SecretOpener::keep(const std::string& name, const std::string& value) {
    add_provider(std::string(host_provider), [this](const std::string& asked, const std::string&) {
        const std::lock_guard guard(mutex_);
        const auto found = kept_.find(asked);
        if (found != kept_.end()) return Result<std::string>(found->second);
        return Result<std::string>(
            fail("secret_missing", "The secret " + asked + " was kept by a host that has ended."));
    });
    masker_.add(name, value);
    const std::lock_guard guard(mutex_);
    kept_[name] = value;
    return make_secret(name, host_provider);
}

Result<std::string> SecretOpener::open_piece(const SecretPiece& piece) {
    FetchSecret fetch = fetch_;
    if (!piece.provider.empty()) {
        const std::lock_guard guard(mutex_);
        const auto found = providers_.find(piece.provider);
        if (found == providers_.end())
            return fail("secret_missing", "The secret " + piece.name + " lies with " +
                                              piece.provider + ", which this run has not.");
        fetch = found->second;
    }
    if (!fetch)
        return fail("secret_missing", "The secret " + piece.name +
                                          " is needed, but the environment names no provider; "
                                          "write secrets: { provider: file, folder: … }.");
    auto value = fetch(piece.name, piece.version);
    if (!value) return value;
    if (value->size() < Masker::shortest)
        return fail("secret_too_short",
                    "The secret " + piece.name + " has fewer than " +
                        std::to_string(Masker::shortest) +
                        " bytes: it could not be kept out of logs. Give it a longer value" +
                        (piece.provider == host_provider
                             ? ", or, if it is no secret, name it among the `plain` ones of its "
                               "target, where its driver has that setting."
                             : "."));
    masker_.add(piece.name, *value);
    auto encoded = encode(*value, piece.encoding);
    if (encoded && *encoded != *value) masker_.add(piece.name, *encoded);
    return encoded;
}

Result<std::string> SecretOpener::open(const Value& value) {
    if (!value.is_secret()) return value.text();
    std::string text;
    for (const auto& piece : value.secret()->pieces) {
        if (piece.name.empty()) {
            text += piece.text;
            continue;
        }
        auto opened = open_piece(piece);
        if (!opened) return opened;
        text += *opened;
    }
    return text;
}

}  // namespace perilune
