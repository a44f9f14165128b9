// Checks and joins URLs, queries and headers by hand: what is not plainly right is refused.
#include "interpreter/base/http_url.h"

#include <algorithm>
#include <array>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t url_bytes_max = 8192;
constexpr int decodings_max = 4;
constexpr std::array<std::string_view, 11> connection_headers = {"host",
                                                                 "content-length",
                                                                 "transfer-encoding",
                                                                 "connection",
                                                                 "keep-alive",
                                                                 "upgrade",
                                                                 "te",
                                                                 "trailer",
                                                                 "expect",
                                                                 "proxy-authorization",
                                                                 "proxy-connection"};

bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool is_token(char c) {
    return is_plain(c) ? true : std::string_view("!#$%&'*+^`|").find(c) != std::string_view::npos;
}

// Printable ASCII without the blank: all that a URL is made of.
bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Decodes %XX once; false where a percent sign is not followed by two digits.
bool decode(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return false;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return false;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return true;
}

bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        const auto end = path.find_first_of("/\\");
        // Some servers cut a segment's ";parameters" before they look at it.
        const auto segment = path.substr(0, std::min(end, path.find(';')));
        if (segment == "." || segment == "..") return true;
        if (end == std::string_view::npos) return false;
        path.remove_prefix(end + 1);
    }
    return false;
}

std::string shown(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, 80)) out += is_visible(c) ? c : '?';
    return out + (text.size() > 80 ? "…\"" : "\"");
}

std::size_t authority_start(std::string_view url) {
    return url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
}

bool is_authority(std::string_view authority) {
    std::string_view host = authority;
    std::string_view port;
    const bool bracketed = host.starts_with('[');
    const auto host_end = bracketed ? host.find(']') : host.find(':');
    if (bracketed && host_end == std::string_view::npos) return false;
    if (host_end != std::string_view::npos) {
        const std::size_t length = host_end + (bracketed ? 1 : 0);
        port = host.substr(length);
        host = host.substr(0, length);
    }
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto allowed = [&](char c) {
        return bracketed ? hex_digit(c) >= 0 || c == ':' || c == '.' : is_plain(c);
    };
    if (host.empty() || !std::ranges::all_of(host, allowed)) return false;
    if (port.empty()) return true;
    port.remove_prefix(1);
    if (port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != std::string_view::npos)
        return false;
    const int number = std::stoi(std::string(port));
    return number > 0 && number < 65536;
}

Result<std::string> plain_text(const std::string& name, const Value& value) {
    if (value.is_text()) return value.text();
    if (value.is_number() || value.is_boolean()) return to_json(value);
    return fail("bad_argument", "The field " + shown(name) +
                                    " must be text, a number, true or false, or a list of them, "
                                    "but it is a " +
                                    std::string(value.kind()) + ".");
}

}  // namespace

Status check_url(std::string_view url) {
    const auto refuse = [](std::string_view why) {
        // The URL itself is not shown: it may hold a password or a token.
        return fail("bad_url", "The URL is refused: " + std::string(why) +
                                   " Write it as https://host[:port]/path.");
    };
    const std::size_t start = authority_start(url);
    if (start == 0) return refuse("it begins neither with http:// nor with https://.");
    if (url.size() > url_bytes_max) return refuse("it is longer than 8192 bytes.");
    if (!std::ranges::all_of(url, is_visible) || url.find('\\') != std::string_view::npos)
        return refuse("it holds a space, a backslash, a control byte or a letter beyond ASCII.");
    const std::string_view authority = url.substr(start, url.find_first_of("/?#", start) - start);
    if (authority.find('@') != std::string_view::npos)
        return refuse("it names a user; send credentials in a header.");
    if (!is_authority(authority)) return refuse("its host or port is not one.");
    return Done{};
}

std::string origin_of(std::string_view url) {
    const auto end = url.find_first_of("/?#", authority_start(url));
    return std::string(url.substr(0, end));
}

Result<std::string> check_base_url(std::string_view url) {
    if (const auto sane = check_url(url); !sane) return sane.error();
    while (url.ends_with('/')) url.remove_suffix(1);
    const std::string_view path = url.substr(origin_of(url).size());
    if (path.find_first_of("?#") != std::string_view::npos)
        return fail("bad_url", "The target's url may have neither a query nor a fragment.");
    if (!path.empty())
        if (const auto sane = check_url_path(path); !sane) return sane.error();
    return std::string(url);
}

Status check_url_path(std::string_view path) {
    const auto refuse = [&](std::string_view why) {
        return fail("bad_path", "The path " + shown(path) + " is refused: " + std::string(why) +
                                    " Write it as /name/name.");
    };
    if (!path.starts_with('/')) return refuse("it does not begin with a slash.");
    if (path.size() > url_bytes_max) return refuse("it is longer than 8192 bytes.");
    if (path.starts_with("//")) return refuse("it would name another host.");
    if (!std::ranges::all_of(path, is_visible) || path.find_first_of("\\#") != path.npos)
        return refuse(
            "it holds a space, a backslash, a fragment, a control byte or a letter "
            "that must be percent-encoded.");
    std::string once(path.substr(0, path.find('?')));
    std::string next;
    // A server behind another may decode twice, so the dots are looked for at each depth.
    for (int depth = 0; depth < decodings_max; ++depth) {
        if (has_dot_segment(once)) return refuse("it holds a \".\" or \"..\" segment.");
        if (!decode(once, next)) {
            if (depth == 0) return refuse("a percent sign in it is not followed by two digits.");
            return Done{};
        }
        const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
        if (std::ranges::any_of(next, control)) return refuse("it encodes a control byte.");
        if (next == once) return Done{};
        once.swap(next);
    }
    return refuse("it is percent-encoded over and over.");
}

Result<std::string> join_url(const std::string& base, std::string_view path, const Value& query) {
    if (const auto sane = check_url_path(path); !sane) return sane.error();
    const auto fields = encode_form(query);
    if (!fields) return fields.error();
    std::string url = base + std::string(path);
    if (!fields->empty()) url += (path.find('?') == std::string_view::npos ? '?' : '&') + *fields;
    if (const auto sane = check_url(url); !sane) return sane.error();
    return url;
}

std::string url_encode(std::string_view text) {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain(c)) {
            out += c;
        } else {
            out += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return out;
}

Result<std::string> encode_form(const Value& fields) {
    std::string out;
    for (const auto& [name, held] : fields.map()) {
        const List values = held.is_list() ? held.list() : List{held};
        for (const auto& value : values) {
            const auto text = plain_text(name, value);
            if (!text) return text.error();
            if (!out.empty()) out += '&';
            out += url_encode(name) + "=" + url_encode(*text);
        }
    }
    return out;
}

Status check_header(std::string_view name, std::string_view value) {
    if (name.empty() || name.size() > 200 || !std::ranges::all_of(name, is_token))
        return fail("bad_header", "The header's name " + shown(name) +
                                      " is refused: it may hold only letters, digits and -._.");
    const auto breaks = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
    if (std::ranges::any_of(value, breaks))
        return fail("bad_header", "The value of the header " + shown(name) +
                                      " is refused: it holds a line break or a control byte.");
    return Done{};
}

Status check_own_header(std::string_view name, std::string_view value) {
    if (const auto sane = check_header(name, value); !sane) return sane;
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (std::ranges::find(connection_headers, lower) != connection_headers.end())
        return fail("bad_header", "The header " + shown(name) +
                                      " is refused: it belongs to the connection. The host comes "
                                      "from the target's url.");
    return Done{};
}

}  // namespace perilune
