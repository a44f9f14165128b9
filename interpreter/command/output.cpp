#include "interpreter/command/output.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

bool colours_on(int fd) {
    const char* none = std::getenv("NO_COLOR");
    if (none && *none) return false;
    const char* terminal = std::getenv("TERM");
    if (!terminal || std::strcmp(terminal, "dumb") == 0) return false;
    return ::isatty(fd) == 1;
}

// Every line of talk leaves in one write, so that several runs' lines do not mix.
void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

void say(std::string_view text) {
    std::string line = visible(text);
    if (!line.ends_with('\n')) line += '\n';
    write_all(STDERR_FILENO, line);
}

void put(std::string_view text) { write_all(STDOUT_FILENO, text); }

void put_json(const Value& value) { put(to_json(value) + "\n"); }

bool talk_in_colour() { return colours_on(STDERR_FILENO); }

bool data_in_colour() { return colours_on(STDOUT_FILENO); }

std::string visible(std::string_view text, bool lines) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool printable = byte >= 0x20 && byte != 0x7f;
        if (printable || (c == '\n' && lines) || c == '\t') {
            shown += c;
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
            shown += escaped.data();
        }
    }
    return shown;
}

int report_error(const Invocation& invocation, const Error& error) {
    if (invocation.json()) {
        Value shown;
        put_json(shown.set("error", error.to_value()));
    } else {
        say(error.message);
    }
    for (const auto* code :
         {"secret_missing", "secret_too_short", "unsafe_secret", "missing_secret"})
        if (error.code == code) return exit_credentials;
    if (error.code == "locked" || error.code == "plan_stale") return exit_locked;
    if (error.code == "denied" || error.code == "refused") return exit_denied;
    if (error.code == "bug") return exit_bug;
    return exit_usage;
}

}  // namespace perilune
