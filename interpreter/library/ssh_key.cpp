#include "interpreter/library/ssh_key.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/ssh_signature.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

const std::vector<std::string> key_types = {"ssh-ed25519",
                                            "sk-ssh-ed25519@openssh.com",
                                            "ecdsa-sha2-nistp256",
                                            "ecdsa-sha2-nistp384",
                                            "ecdsa-sha2-nistp521",
                                            "sk-ecdsa-sha2-nistp256@openssh.com",
                                            "ssh-rsa"};

Error wrong(std::string message) { return fail("bad_key", std::move(message)); }

std::string_view next_word(std::string_view& line) {
    const auto from = std::min(line.find_first_not_of(" \t"), line.size());
    const auto to = std::min(line.find_first_of(" \t", from), line.size());
    const std::string_view word = line.substr(from, to - from);
    line.remove_prefix(to);
    return word;
}

// The key's own bytes begin with its type, length first (RFC 4253, 6.6).
std::string_view inner_type(std::string_view bytes) {
    if (bytes.size() < 4) return {};
    std::size_t length = 0;
    for (const char c : bytes.substr(0, 4)) length = length << 8 | static_cast<unsigned char>(c);
    return length > bytes.size() - 4 ? std::string_view() : bytes.substr(4, length);
}

}  // namespace

Result<SshKey> parse_ssh_key(std::string_view line) {
    if (line.find("PRIVATE KEY") != std::string_view::npos)
        return wrong(
            "is a secret key. Take it out, make a new one with ssh-keygen -t ed25519, and write "
            "the line of its .pub file here.");
    if (line.find('\n') != std::string_view::npos && line.find('\n') + 1 < line.size())
        return wrong("has several lines. A key is one line, that of a .pub file.");
    if (line.ends_with('\n')) line.remove_suffix(1);
    SshKey key;
    key.type = next_word(line);
    key.blob = next_word(line);
    if (key.type == "ssh-dss")
        return wrong(
            "is of the type ssh-dss, which OpenSSH does not take any more. Make one with "
            "ssh-keygen -t ed25519.");
    if (key.type.find("-cert-v01@") != std::string::npos)
        return wrong("is a certificate. Write the key itself: the line of its .pub file.");
    if (std::find(key_types.begin(), key_types.end(), key.type) == key_types.end())
        return wrong("is no SSH public key: it begins with " + in_quotes(key.type) + "." +
                     did_you_mean(key.type, key_types) +
                     " Write the line of a .pub file, such as \"ssh-ed25519 AAAA… anna\".");
    const auto bytes = from_base64(key.blob);
    if (!bytes || inner_type(*bytes) != key.type)
        return wrong("is damaged: what follows " + in_quotes(key.type) +
                     " is not such a key. Copy the whole line of the .pub file.");
    // What ends too early is found by ssh-keygen only when somebody signs: far too late.
    constexpr std::size_t smallest = 51;
    if (bytes->size() < smallest || (key.type == "ssh-ed25519" && bytes->size() != smallest))
        return wrong("is damaged: its end is missing. Copy the whole line of the .pub file.");
    key.fingerprint = ssh_fingerprint(*bytes);
    return key;
}

}  // namespace perilune
