// How places, problems and quoted text are shown.
#include "interpreter/library/problems.h"

#include <algorithm>
#include <filesystem>

namespace perilune {

namespace {
constexpr std::size_t lines_max = 25;
constexpr std::size_t quoted_bytes_max = 60;
}  // namespace

Place place_of_file(std::string_view file) {
    return {.file = std::make_shared<const std::string>(file), .line = 0, .column = 0};
}

std::string show(const Place& place) {
    const std::string file = place.file ? *place.file : "";
    if (place.line == 0) return file;
    return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

void Problems::add(const Place& place, std::string_view message) {
    found_.push_back(show(place) + ": " + std::string(message));
}

void Problems::add(std::string_view message) { found_.emplace_back(message); }

void Problems::add(const Error& error) {
    if (error.detail.list().empty()) return add(error.message);
    for (const auto& message : error.detail.list()) add(message.text());
}

Error Problems::error() const {
    std::string message;
    for (std::size_t i = 0; i < std::min(found_.size(), lines_max); ++i)
        message += (i == 0 ? "" : "\n") + found_[i];
    if (found_.size() > lines_max)
        message += "\nand " + std::to_string(found_.size() - lines_max) + " more.";
    Error made = fail(code_, message);
    for (const auto& found : found_) made.detail.as_list().emplace_back(found);
    return made;
}

Error problem_at(const Place& place, std::string_view message) {
    Problems problems;
    problems.add(place, message);
    return problems.error();
}

std::string in_quotes(std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::size_t length = std::min(text.size(), quoted_bytes_max);
    // A character of several bytes is shown whole or not at all.
    while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
    std::string out = "\"";
    for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + (length < text.size() ? "…\"" : "\"");
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string out;
    const std::size_t count = std::min(names.size(), most);
    for (std::size_t i = 0; i < count; ++i) {
        const bool last = i + 1 == names.size();
        out += (i == 0 ? "" : last ? " or " : ", ") + in_quotes(names[i]);
    }
    if (names.size() > count) out += " and " + std::to_string(names.size() - count) + " more";
    return out;
}

std::string shown_path(const std::string& folder, const std::string& path) {
    return std::filesystem::path(path).lexically_relative(folder).generic_string();
}

}  // namespace perilune
