#include "bindings/database/age.h"

#include <algorithm>

#include <unistd.h>

namespace perilune {

namespace {

constexpr std::string_view recipient_start = "age1";
constexpr std::string_view identity_start = "AGE-SECRET-KEY-1";
constexpr std::size_t recipient_size = 62;  // Bech32 of an X25519 key; a plugin's differ.
constexpr std::size_t identity_size = 74;
constexpr const char* keys_file = "/dev/fd/0";

std::string_view trim(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

std::string join(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    return text;
}

Result<std::unique_ptr<PipedProgram>> start(const std::string& folder, const char* name,
                                            std::vector<std::string> arguments,
                                            const std::vector<std::string>& keys, TakeBytes take,
                                            const StreamWatch& watch) {
    const auto program = find_age_program(folder, name);
    if (!program) return program.error();
    arguments.insert(arguments.begin(), *program);
    return PipedProgram::start(std::move(arguments), {"LC_ALL=C"}, std::move(take), watch,
                               {.input = join(keys)});
}

}  // namespace

Result<AgeKeys> read_age_keys(std::string_view text, const std::string& what) {
    AgeKeys keys;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string line(trim(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with(recipient_start) && line.size() == recipient_size) {
            keys.recipients.push_back(line);
        } else if (line.starts_with(identity_start) && line.size() == identity_size) {
            keys.identities.push_back(line);
        } else {
            return fail("bad_key", "Line " + std::to_string(number) + " of " + what +
                                       " is no key of age: a recipient is age1 and 58 letters and "
                                       "digits, an identity AGE-SECRET-KEY-1 and 58. Make one "
                                       "with age-keygen.");
        }
    }
    if (!keys.recipients.empty() || !keys.identities.empty()) return keys;
    return fail("bad_key", "There is no key of age in " + what + ". Make one with age-keygen.");
}

Result<std::string> find_age_program(const std::string& folder, const std::string& name) {
    std::vector<std::string> folders = {folder};
    if (folder.empty()) folders = {"/usr/local/bin", "/usr/bin"};
    for (const auto& one : folders)
        if (::access((one + "/" + name).c_str(), X_OK) == 0) return one + "/" + name;
    return fail("no_program", "The program " + name + ", by which backups are encrypted, is not " +
                                  (folder.empty() ? "installed here" : "in the folder " + folder) +
                                  ". Install the package age, or name its folder with the setting "
                                  "`age`.");
}

Result<std::vector<std::string>> recipients_of(const std::string& folder,
                                               const std::vector<std::string>& identities,
                                               const StreamWatch& watch) {
    std::string printed;
    const TakeBytes take = [&printed](std::string_view bytes) -> Status {
        printed += bytes;
        return Done{};
    };
    auto started = start(folder, "age-keygen", {"-y", keys_file}, identities, take, watch);
    if (!started) return started.error();
    const auto ended = (*started)->finish();
    if (!ended && ended.error().code == "program_failed")
        return fail("bad_key", shorten_age_words(ended.error().message));
    if (!ended) return ended.error();
    auto keys = read_age_keys(printed, "what age-keygen -y printed");
    if (!keys) return keys.error();
    return std::move(keys->recipients);
}

Result<std::unique_ptr<PipedProgram>> start_encrypting(const std::string& folder,
                                                       const std::vector<std::string>& recipients,
                                                       TakeBytes take, const StreamWatch& watch) {
    return start(folder, "age", {"-R", keys_file, fed_file}, recipients, std::move(take), watch);
}

Result<std::unique_ptr<PipedProgram>> start_decrypting(const std::string& folder,
                                                       const std::vector<std::string>& identities,
                                                       TakeBytes take, const StreamWatch& watch) {
    return start(folder, "age", {"-d", "-i", keys_file, fed_file}, identities, std::move(take),
                 watch);
}

Status check_recipients(const std::string& folder, const std::vector<std::string>& recipients,
                        const StreamWatch& watch) {
    const TakeBytes take = [](std::string_view) { return Status(Done{}); };
    auto started = start_encrypting(folder, recipients, take, watch);
    if (!started) return started.error();
    const auto ended = (*started)->finish();
    if (ended || ended.error().code != "program_failed") return ended;
    return fail("bad_key", shorten_age_words(ended.error().message));
}

std::string shorten_age_words(const std::string& message) {
    const auto at = message.find("\nage");
    return at == std::string::npos ? message : message.substr(0, at) + ".";
}

}  // namespace perilune
