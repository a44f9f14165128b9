#include "bindings/storage/object_key.h"

#include <algorithm>

namespace perilune {

namespace {

constexpr std::size_t key_bytes_max = 1024;
constexpr std::size_t segment_bytes_max = 240;

Error refuse(const std::string& key, const std::string& target, const std::string& why) {
    return fail("bad_key", "The key \"" + key.substr(0, 80) + "\" cannot be an object of " +
                               target + ": " + why +
                               " Give a relative path of plain segments, such as "
                               "\"database/2026-03-01.dump\".");
}

bool same_letters(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

// Empty, or the reason why one segment is refused.
std::string refuse_segment(std::string_view segment) {
    if (segment.empty()) return "it has an empty segment.";
    if (segment == "." || segment == "..") return "it has a segment \".\" or \"..\".";
    if (segment.size() > segment_bytes_max) return "a segment is longer than 240 bytes.";
    if (same_letters(segment, hidden_folder))
        return "\"" + std::string(hidden_folder) + "\" is where versions are kept.";
    return {};
}

}  // namespace

Status check_key(const std::string& key, const std::string& target) {
    if (key.empty()) return refuse(key, target, "it is empty.");
    if (key.size() > key_bytes_max) return refuse(key, target, "it is longer than 1,024 bytes.");
    if (key.find('\0') != std::string::npos) return refuse("", target, "it contains a NUL byte.");
    if (key.front() == '/') return refuse(key, target, "it is an absolute path.");
    std::string_view rest = key;
    for (;;) {
        const auto slash = rest.find('/');
        const std::string why = refuse_segment(rest.substr(0, slash));
        if (!why.empty()) return refuse(key, target, why);
        if (slash == std::string_view::npos) return Done{};
        rest.remove_prefix(slash + 1);
    }
}

KeyPath split_key(const std::string& key) {
    const auto slash = key.rfind('/');
    if (slash == std::string::npos) return {"", key};
    return {key.substr(0, slash), key.substr(slash + 1)};
}

Status check_prefix(const std::string& prefix, const std::string& target) {
    // What may follow a prefix completes it, so only whole segments are judged.
    return check_key(prefix + "x", target);
}

}  // namespace perilune
