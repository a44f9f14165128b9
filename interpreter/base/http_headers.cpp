// Checks headers where they are set and again, opened, where they are sent.
#include "interpreter/base/http_headers.h"

#include <algorithm>

#include "interpreter/base/http_url.h"

namespace perilune {

namespace {

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

}  // namespace

Result<std::string> open_text(const Call& call, const Value& value) {
    if (!value.is_secret()) return value.text();
    if (!call.open_secret)
        return fail("no_secrets", "A secret cannot be opened here: no provider is set.");
    return call.open_secret(value);
}

Result<Map> read_headers_setting(const Value& given, const std::string& target) {
    if (given.is_secret())
        return fail("bad_setting", "headers of " + target +
                                       " must be a table of names; each value may be a secret, "
                                       "but not the table itself.");
    for (const auto& [name, value] : given.map()) {
        if (!value.is_text() && !value.is_secret())
            return fail("bad_setting", "The header \"" + name + "\" of " + target +
                                           " must be text or a secret, but it is a " +
                                           std::string(value.kind()) + ".");
        if (const auto sane = check_own_header(name, value.text()); !sane)
            return fail("bad_setting",
                        "In the settings of " + target + ": " + sane.error().message);
    }
    return given.map();
}

bool has_header(const HttpRequest& request, const std::string& lower_name) {
    return std::ranges::any_of(request.headers, [&](const auto& header) {
        return lower_case(header.first) == lower_name;
    });
}

Status add_headers(HttpRequest& request, const Call& call, const Map& headers) {
    for (const auto& [name, held] : headers) {
        auto value = open_text(call, held);
        if (!value) return value.error();
        if (const auto sane = check_own_header(name, *value); !sane) return sane;
        std::erase_if(request.headers, [&](const auto& header) {
            return lower_case(header.first) == lower_case(name);
        });
        request.headers.emplace_back(name, std::move(*value));
    }
    return Done{};
}

}  // namespace perilune
