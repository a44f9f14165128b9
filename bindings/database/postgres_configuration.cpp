#include "bindings/database/postgres_configuration.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::array local_suffixes = {".conf", ".crt", ".key", ".pem"};
constexpr std::array local_folders = {"conf.d"};

Error file_error(const LocalServer& server, const std::string& what, const std::string& why) {
    return fail("file_failed", server.target + ": " + what + ": " + why + ".");
}

bool is_local(const fs::directory_entry& entry) {
    for (const char* folder : local_folders)
        if (entry.path().filename() == folder) return entry.is_directory();
    for (const char* suffix : local_suffixes)
        if (entry.path().extension() == suffix) return entry.is_regular_file();
    return false;
}

Status copy_local(const LocalServer& server, const std::string& from, const std::string& to) {
    std::error_code code;
    fs::create_directories(to, code);
    for (const auto& entry : fs::directory_iterator(from, code)) {
        if (!is_local(entry)) continue;
        const fs::path place = fs::path(to) / entry.path().filename();
        fs::copy(entry.path(), place,
                 fs::copy_options::overwrite_existing | fs::copy_options::recursive, code);
        if (code) break;
        if (const auto given = give_to_owner(server, place); !given) return given;
    }
    if (code) return file_error(server, "Copying its configuration to " + to, code.message());
    return Done{};
}

}  // namespace

// Whole or not at all: a second try must not keep what the first one brought.
Status keep_configuration(const LocalServer& server) {
    const std::string kept = server.beside("configuration");
    std::error_code code;
    if (fs::exists(kept, code)) return Done{};
    const std::string part = server.beside("part");
    fs::remove_all(part, code);
    const auto copied = copy_local(server, server.data, part);
    if (!copied) return copied;
    fs::permissions(part, fs::perms::owner_all, code);
    fs::rename(part, kept, code);
    if (code) return file_error(server, "Keeping its configuration as " + kept, code.message());
    return sync_folder(fs::path(kept).parent_path());
}

Status put_configuration_back(const LocalServer& server) {
    return copy_local(server, server.beside("configuration"), server.data);
}

void forget_configuration(const LocalServer& server) {
    std::error_code code;
    fs::remove_all(server.beside("configuration"), code);
}

std::string quote_setting(const std::string& text, char before_quote) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\\') out += '\\';
        if (c == '\'') out += before_quote;
        out += c;
    }
    return out + "'";
}

Status write_own_settings(const LocalServer& server,
                          const std::vector<std::pair<std::string, std::string>>& settings) {
    const std::string path = server.data + "/postgresql.auto.conf";
    const auto read = read_file(path);
    std::string text;
    std::size_t from = 0;
    while (read && from < read->size()) {
        const auto end = std::min(read->find('\n', from), read->size());
        const std::string line = read->substr(from, end - from);
        bool replaced = line.starts_with("recovery_target");
        for (const auto& [name, value] : settings) replaced = replaced || line.starts_with(name);
        if (!replaced) text += line + "\n";
        from = end + 1;
    }
    for (const auto& [name, value] : settings)
        text += name + " = " + quote_setting(value, '\'') + "\n";
    const auto written = write_file_durably(path, text, 0600);
    if (!written) return written;
    return give_to_owner(server, path);
}

Status write_signal(const LocalServer& server, const std::string& name) {
    std::error_code code;
    for (const char* other : {"standby.signal", "recovery.signal"})
        fs::remove(server.data + "/" + other, code);
    const auto written = write_file_durably(server.data + "/" + name, "", 0600);
    if (!written) return written;
    return give_to_owner(server, server.data + "/" + name);
}

}  // namespace perilune
