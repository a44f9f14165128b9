// SSH signatures, made and checked by OpenSSH's own program: whoever has ssh-keygen can check them
// without us (`ssh-keygen -Y verify`; the format is OpenSSH's PROTOCOL.sshsig).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// What a signature of ours is for: one that was made for git or for mail does not pass.
constexpr std::string_view ssh_namespace = "perilune";

struct ToolEnd {
    int exit_code = 0;
    std::string output;
    std::string errors;
};

// Executes one of OpenSSH's programs, found by PATH, with this on its standard input, and waits at
// most `limit_s` for it. It keeps the terminal, where it asks for passphrases and touches of a key.
Result<ToolEnd> run_ssh_tool(std::vector<std::string> argv, const std::string& input,
                             double limit_s);

enum class Asking { allowed, refused };

// The armoured signature over `text` by a key: the path of a secret key, or of a public one whose
// secret half ssh-agent holds. Where asking is refused a key with a passphrase fails.
Result<std::string> sign_by_ssh(const std::string& key_file, const std::string& text,
                                Asking asking);

// The same by a key that ssh-agent holds, named by its public line.
Result<std::string> sign_by_agent(const std::string& public_line, const std::string& text);

// Whether `signature` is one over `text` by a key which `allowed_signers` (the lines of
// ssh-keygen(1), ALLOWED SIGNERS) gives `identity`, valid at `at_s` (unix seconds). The error says
// what ssh-keygen found: code "bad_signature", or "not_found" where there is no ssh-keygen.
Status verify_by_ssh(const std::string& allowed_signers, const std::string& identity,
                     const std::string& text, const std::string& signature, double at_s);

// The fingerprint ("SHA256:…") of the key that made a signature; empty where the text is none.
std::string ssh_signature_key(const std::string& signature);
// The fingerprint of a public key's own bytes.
std::string ssh_fingerprint(std::string_view bytes);

// The public keys that ssh-agent holds, a line each; none where no agent is.
std::vector<std::string> ssh_agent_keys();

// "20260301020000Z": a moment as ssh-keygen takes it.
std::string ssh_time(double unix_s);

}  // namespace perilune
