// The checks on the bytes and the access rights of a file.
#include "interpreter/library/source_text.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// The offset of the first byte that is not part of well-formed UTF-8.
std::size_t first_bad_byte(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = 1;
        while (length <= 4 && !is_utf8(text.substr(at, length))) ++length;
        if (length > 4) break;
        at += length;
    }
    return at;
}

std::string describe_byte(char c) {
    static constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return "a NUL byte";
    if (c == '\r') return "a carriage return without a line feed";
    return std::string("the control byte 0x") + hex[byte >> 4] + hex[byte & 15];
}

bool is_disturbing(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (text[at] == '\r') return at + 1 >= text.size() || text[at + 1] != '\n';
    return (byte < 0x20 && text[at] != '\n' && text[at] != '\t') || byte == 0x7f;
}

std::string what_is_wrong(const std::string& path, int code) {
    switch (code) {
        case ENOENT: return "There is no such file. Check the name.";
        case ELOOP: return "Its links lead in a circle. Replace the link by the file itself.";
        case EACCES:
            return "It may not be read by you. Give yourself the right to read it (chmod u+r).";
        default: break;
    }
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::is_directory(status))
        return "It is a folder. Move it away, or give the folder a name without the ending.";
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        return "It is not a regular file but a pipe, socket or device. Put a text file there.";
    return std::string("It cannot be read: ") + std::strerror(code) +
           ". Check the file and its folder.";
}

}  // namespace

Place place_at(const Place& file, std::string_view text, std::size_t offset) {
    Place place = {.file = file.file, .line = 1, .column = 1};
    for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++place.line;
            place.column = 1;
        } else if ((text[i] & 0xc0) != 0x80) {
            ++place.column;
        }
    }
    // A byte in the middle of a character belongs to the character's column.
    if (offset < text.size() && (text[offset] & 0xc0) == 0x80 && place.column > 1) --place.column;
    return place;
}

Result<std::string> read_source(const std::string& path, std::string_view shown) {
    const Place file = place_of_file(shown);
    // O_NONBLOCK, so that opening a FIFO does not wait for a writer.
    const Descriptor probe(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!probe.open()) return problem_at(file, what_is_wrong(path, errno));
    struct stat info {};
    if (::fstat(probe.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return problem_at(file, what_is_wrong(path, 0));
    if (static_cast<std::uint64_t>(info.st_size) > source_bytes_max)
        return problem_at(file, "It has " + show_size(static_cast<double>(info.st_size)) +
                                    "; a file of a library has at most 1 MiB. Split it.");
    auto text = read_file(path, source_bytes_max);
    if (text) return text;
    return problem_at(file, text.error().message + " Check the file and its folder.");
}

Status check_source_text(std::string_view text, std::string_view shown) {
    const Place file = place_of_file(shown);
    if (text.starts_with(byte_order_mark))
        return problem_at(place_at(file, text, 0),
                          "The file starts with a byte order mark. Save it as UTF-8 without one.");
    for (std::size_t at = 0; at < text.size(); ++at)
        if (is_disturbing(text, at))
            return problem_at(place_at(file, text, at),
                              "The file holds " + describe_byte(text[at]) +
                                  " here. Remove it, or write it as an escape.");
    if (!is_utf8(text))
        return problem_at(place_at(file, text, first_bad_byte(text)),
                          "The text is not UTF-8 from here on. Save the file as UTF-8.");
    return Done{};
}

Status check_lua_text(std::string_view text, std::string_view shown) {
    const Place file = place_of_file(shown);
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return problem_at(file, "The file is empty. Write the Lua code, or remove the file.");
    if (text.front() == '\x1b')
        return problem_at(
            place_at(file, text, 0),
            "The file holds compiled Lua. Only source text is executed: put that here.");
    return check_source_text(text, shown);
}

Status refuse_world_writable(const std::string& path, std::string_view shown) {
    const Place file = place_of_file(shown);
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0)
        return problem_at(file, "Its access rights cannot be read. Check the file and its folder.");
    if ((info.st_mode & S_IWOTH) != 0)
        return problem_at(file,
                          "Anybody on this machine may change it, and policy depends on it. "
                          "Take that right away: chmod o-w " +
                              std::string(shown) + ".");
    const auto folder = std::filesystem::path(path).parent_path().string();
    const bool known = ::stat(folder.empty() ? "." : folder.c_str(), &info) == 0;
    if (known && (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
        return problem_at(file,
                          "Anybody on this machine may replace it, and policy depends on it. "
                          "Take that right away from its folder: chmod o-w.");
    return Done{};
}

}  // namespace perilune
