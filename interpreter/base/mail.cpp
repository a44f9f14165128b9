// The form of a mail: addresses, encoded words, dates and the body.
#include "interpreter/base/mail.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t base64_line = 76;
constexpr std::size_t encoded_word_bytes = 39;  // Of text: 52 letters of base64, 75 in all.

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

// Where a piece of at most `bytes` may end without splitting a UTF-8 character.
std::size_t whole_characters(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text.size();
    while (bytes > 1 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    return bytes;
}

// RFC 2047: what is not ASCII travels as encoded words.
std::string header_text(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    if (is_plain(line)) return line;
    std::string out;
    std::string_view rest = line;
    while (!rest.empty()) {
        const std::size_t bytes = whole_characters(rest, encoded_word_bytes);
        out +=
            (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + to_base64(rest.substr(0, bytes))) + "?=";
        rest.remove_prefix(bytes);
    }
    return out;
}

std::string header_address(const std::string& text) {
    const std::string address = mail_address(text);
    const auto bracket = text.find('<');
    if (bracket == std::string::npos) return address;
    std::string name = text.substr(0, bracket);
    while (name.ends_with(' ')) name.pop_back();
    std::erase(name, '"');
    return is_plain(name) ? "\"" + name + "\" <" + address + ">"
                          : header_text(name) + " <" + address + ">";
}

std::string date_text(double now_s) {
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = static_cast<std::time_t>(now_s);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    // Not strftime's names: those follow the locale.
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                  days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                  months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                  parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text.data();
}

}  // namespace

std::string mail_address(const std::string& text) {
    const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    if (std::ranges::any_of(text, control)) return "";
    std::string address = text;
    const auto open = text.find('<');
    const auto close = text.rfind('>');
    if (open != std::string::npos && close != std::string::npos && close > open)
        address = text.substr(open + 1, close - open - 1);
    const auto at = address.find('@');
    const bool sane = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                      is_plain(address) && address.find_first_of(" <>,;\"") == std::string::npos;
    return sane ? address : "";
}

std::string mail_text(const Mail& mail, double now_s) {
    std::string out = "Date: " + date_text(now_s) + "\r\nFrom: " + header_address(mail.from);
    std::string receivers;
    for (const auto& receiver : mail.to)
        receivers += (receivers.empty() ? "" : ",\r\n ") + header_address(receiver);
    out += "\r\nTo: " + receivers + "\r\nSubject: " + header_text(mail.subject) + "\r\n";
    for (const auto& [name, value] : mail.headers) out += name + ": " + header_text(value) + "\r\n";
    out +=
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = to_base64(mail.text);
    for (std::size_t at = 0; at < body.size(); at += base64_line)
        out += body.substr(at, base64_line) + "\r\n";
    return out;
}

}  // namespace perilune
