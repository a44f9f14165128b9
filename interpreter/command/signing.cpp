// Keys with passwords, and signatures beside files.
#include "interpreter/command/signing.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

#include <termios.h>
#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

constexpr std::size_t key_file_bytes_max = 4096;

termios shown_terminal{};

// Whoever gives up while typing gets a terminal back that shows what is typed.
void show_and_end(int signal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_terminal);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

Result<std::string> read_password(const Invocation& invocation, const std::string& key) {
    if (invocation.has("--password-file")) {
        auto text = read_file(invocation.get("--password-file"), key_file_bytes_max);
        if (text) text->resize(std::min(text->find_first_of("\r\n"), text->size()));
        return text;
    }
    if (!invocation.input() || ::isatty(STDIN_FILENO) != 1)
        return fail("bad_argument",
                    "The key " + key + " has a password. Give it with --password-file FILE.");
    std::fprintf(stderr, "Password of %s: ", key.c_str());
    ::tcgetattr(STDIN_FILENO, &shown_terminal);
    termios hidden = shown_terminal;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, show_and_end);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    std::string typed;
    std::getline(std::cin, typed);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_terminal);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
    std::fprintf(stderr, "\n");
    return typed;
}

}  // namespace

Result<SigningKey> open_signing_key(const Invocation& invocation) {
    const std::string path = invocation.get("--key");
    const auto text = read_file(path, key_file_bytes_max);
    if (!text) return text.error();
    std::string password;
    if (needs_password(*text)) {
        auto given = read_password(invocation, path);
        if (!given) return given.error();
        password = std::move(*given);
    }
    auto key = read_signing_key(*text, password);
    if (key) return key;
    const bool is_key = needs_password(*text);
    return fail("bad_argument",
                path + ": " + key.error().message +
                    (is_key ? "" : " Make one with: perilune checkpoint --new-key FILE"));
}

Result<std::string> check_signed_file(const Invocation& invocation, const std::string& path) {
    if (!invocation.has("--public-key"))
        return fail("bad_argument", "Say whose signature it must be: --public-key FILE.");
    const std::string given = invocation.get("--public-key");
    const auto file = read_file(given, key_file_bytes_max);
    const auto key = read_public_key(file ? *file : given);
    if (!key) return fail("bad_argument", given + ": " + key.error().message);
    auto text = read_file(path);
    if (!text) return text.error();
    const auto signature = read_file(path + ".minisig");
    if (!signature) return signature.error();
    if (const auto signed_by = verify_signature(*key, *text, *signature); !signed_by)
        return fail("bad_signature", path + ": " + signed_by.error().message);
    return text;
}

}  // namespace perilune
