#include "bindings/storage/s3_place.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t key_bytes_max = 1024;
constexpr double part_bytes_min = 5 << 20;  // AWS, "Amazon S3 multipart upload limits".
constexpr double part_bytes_max = 1 << 30;
constexpr double at_once_max = 32;

Error bad_setting(const Settings& settings, const std::string& why) {
    return fail("bad_setting", "The target " + settings.target + ": " + why);
}

bool is_bucket_name(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, allowed) &&
           name != "." && name != "..";
}

// Only whole, shortest sequences (RFC 3629): S3 keeps keys as UTF-8, so other bytes would come back
// as something else.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto at = [&](std::size_t offset) {
            return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
        };
        const unsigned lead = at(0);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return false;
        for (std::size_t offset = 1; offset < length; ++offset)
            if ((at(offset) & 0xc0) != 0x80) return false;
        if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f) ||
            (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f))
            return false;
        i += length;
    }
    return true;
}

// A proxy may resolve such segments on the way, and so lead out of the target's prefix.
bool has_dot_segment(std::string_view key) {
    for (;;) {
        const auto slash = key.find('/');
        const auto segment = key.substr(0, slash);
        if (segment == "." || segment == "..") return true;
        if (slash == std::string_view::npos) return false;
        key.remove_prefix(slash + 1);
    }
}

// Empty, or why a full key is refused.
std::string refuse_key(std::string_view key) {
    if (key.size() > key_bytes_max) return "it is longer than 1,024 bytes.";
    if (key.find('\0') != std::string_view::npos) return "it contains a NUL byte.";
    if (!is_utf8(key)) return "it is not UTF-8.";
    if (has_dot_segment(key)) return "it has a segment \".\" or \"..\".";
    return {};
}

Result<std::string> origin_from(const Settings& settings, const std::string& region) {
    const std::string endpoint = settings.values["endpoint"].text();
    if (endpoint.empty())
        return "https://s3." + region + ".amazonaws.com" +
               (region.starts_with("cn-") ? std::string(".cn") : std::string());
    auto checked = check_base_url(endpoint);
    if (!checked) return bad_setting(settings, "endpoint is refused. " + checked.error().message);
    return checked;
}

// A bucket's name with a dot is no single label, so no certificate would cover it.
bool names_bucket_in_host(const Settings& settings, const std::string& bucket) {
    const std::string& asked = settings.values["addressing"].text();
    if (!asked.empty()) return asked == "host";
    return settings.values["endpoint"].text().empty() && bucket.find('.') == std::string::npos;
}

Status read_measures(const Settings& settings, S3Place& place) {
    const double part_bytes = settings.values["part_size"].number();
    if (part_bytes < part_bytes_min || part_bytes > part_bytes_max)
        return bad_setting(settings, "part_size must be from 5 MiB to 1 GiB.");
    const double at_once = settings.values["at_once"].number();
    if (at_once < 1 || at_once > at_once_max)
        return bad_setting(settings, "at_once must be from 1 to 32.");
    place.part_bytes = static_cast<std::size_t>(part_bytes);
    place.at_once = static_cast<std::size_t>(at_once);
    return Done{};
}

}  // namespace

std::string encode_key(std::string_view key) {
    std::string out;
    while (true) {
        const auto slash = key.find('/');
        out += url_encode(key.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        out += '/';
        key.remove_prefix(slash + 1);
    }
}

std::string decode_key(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string byte = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : std::string();
        if (byte.size() == 1) {
            out += byte;
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

Result<std::string> S3Place::full_key(const std::string& key) const {
    std::string full = prefix + key;
    const std::string why = key.empty() ? "it is empty." : refuse_key(full);
    if (why.empty()) return full;
    return fail("bad_key", "The key \"" + encode_key(key.substr(0, 80)) +
                               "\" cannot be an object of " + target + ": " + why);
}

Result<S3Place> read_s3_place(const Settings& settings) {
    S3Place place;
    place.target = settings.target;
    place.bucket = settings.values["bucket"].text();
    if (!is_bucket_name(place.bucket))
        return bad_setting(settings, "\"" + place.bucket + "\" is no name of a bucket.");
    place.region = settings.values["region"].text();
    if (place.region.empty() || !std::ranges::all_of(place.region, [](char c) {
            return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        }))
        return bad_setting(settings, "\"" + place.region + "\" is no region.");
    const auto origin = origin_from(settings, place.region);
    if (!origin) return origin.error();
    if (names_bucket_in_host(settings, place.bucket)) {
        const auto host = origin->find("//") + 2;
        place.base = origin->substr(0, host) + place.bucket + "." + origin->substr(host);
    } else {
        place.base = *origin + "/" + place.bucket;
    }
    place.prefix = settings.values["prefix"].text();
    while (place.prefix.ends_with('/')) place.prefix.pop_back();
    if (const std::string why = refuse_key(place.prefix); !place.prefix.empty() && !why.empty())
        return bad_setting(settings, "its prefix is refused: " + why);
    if (!place.prefix.empty()) place.prefix += '/';
    const std::string authority = settings.values["certificate_authority"].text();
    if (!authority.empty()) place.authority = path_below(settings.folder, authority);
    place.credentials = settings.values["credentials"];
    place.replication_role = settings.values["replication_role"].text();
    place.sends_checksums = settings.values["checksums"].text() != "off";
    place.etags_are_digests = settings.values["etags"].text() != "opaque";
    place.service_holds_conditions = settings.values["conditions"].text() != "look";
    if (const auto read = read_measures(settings, place); !read) return read.error();
    return place;
}

std::string url_of(const S3Place& place, const std::string& full_key, const S3Query& query) {
    std::string url = place.base;
    if (!full_key.empty() || url == origin_of(url)) url += "/" + encode_key(full_key);
    char border = '?';
    for (const auto& [name, value] : query) {
        url += border + url_encode(name) + "=" + url_encode(value);
        border = '&';
    }
    return url;
}

}  // namespace perilune
