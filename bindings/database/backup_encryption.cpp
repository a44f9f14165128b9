#include "bindings/database/backup_encryption.h"

#include <algorithm>

#include "bindings/database/age.h"

namespace perilune {

namespace {

constexpr const char* age_format = "age";
constexpr const char* simulated_format = "simulated";
constexpr char simulated_mask = 0x55;

using StartProgram = std::function<Result<std::unique_ptr<PipedProgram>>()>;

class NoCipher final : public Cipher {
public:
    explicit NoCipher(TakeBytes take) : take_(std::move(take)) {}
    Status write(std::string_view bytes) override { return take_(bytes); }
    Status finish() override { return Done{}; }

private:
    TakeBytes take_;
};

// Cannot be read as what it is by who does not undo it; the same both ways.
class SimulatedCipher final : public Cipher {
public:
    explicit SimulatedCipher(TakeBytes take) : take_(std::move(take)) {}
    Status write(std::string_view bytes) override {
        std::string masked(bytes);
        for (char& c : masked) c = static_cast<char>(c ^ simulated_mask);
        return take_(masked);
    }
    Status finish() override { return Done{}; }

private:
    TakeBytes take_;
};

// Starts its program with the first byte, or at the end where there was none.
class AgeCipher final : public Cipher {
public:
    enum class Way { encrypting, decrypting };
    AgeCipher(Way way, StartProgram start) : way_(way), start_(std::move(start)) {}
    Status write(std::string_view bytes) override {
        if (const auto started = start(); !started) return started;
        return said_by_age(program_->feed(bytes));
    }
    Status finish() override {
        if (const auto started = start(); !started) return started;
        return said_by_age(program_->finish());
    }

private:
    Status start() {
        if (program_) return Done{};
        auto started = start_();
        if (!started) return started.error();
        program_ = std::move(*started);
        return Done{};
    }
    // What it refuses to decrypt is damaged, or was never for these keys.
    Status said_by_age(Status status) const {
        if (status) return status;
        Error error = status.error();
        const bool refused = error.code == "program_failed";
        if (refused && way_ == Way::decrypting) error.code = "damaged_stream";
        error.message = shorten_age_words(error.message);
        return error;
    }

    Way way_;
    StartProgram start_;
    std::unique_ptr<PipedProgram> program_;
};

std::string list_texts(const std::vector<std::string>& texts) {
    std::string listed;
    for (const auto& text : texts) listed += (listed.empty() ? "" : ", ") + text;
    return listed;
}

std::string setting_of(const BackupKeys& keys) {
    return "the setting `decrypt_with` of " + keys.target;
}

Result<std::string> open_key(const BackupKeys& keys, const Value& key) {
    if (!key.is_secret()) return key.text();
    if (!keys.open_secret)
        return fail("no_secrets", "A secret cannot be opened here: no provider is set.");
    return keys.open_secret(key);
}

Result<std::vector<std::string>> open_identities(const BackupKeys& keys) {
    const auto text = open_key(keys, keys.decrypt_with);
    if (!text) return text.error();
    auto read = read_age_keys(*text, setting_of(keys));
    if (!read) return read.error();
    if (!read->identities.empty()) return std::move(read->identities);
    return fail("bad_key", "There are only recipients in " + setting_of(keys) +
                               ", with which nothing can be decrypted. It has to hold an "
                               "identity, AGE-SECRET-KEY-1….");
}

}  // namespace

Result<BackupEncryption> choose_encryption(const BackupKeys& keys, const Value& encrypt_to,
                                           const StreamWatch& watch) {
    BackupEncryption encryption;
    if (encrypt_to.is_nil()) return encryption;
    const auto text = open_key(keys, encrypt_to);
    if (!text) return text.error();
    if (keys.simulated) {
        encryption.format = simulated_format;
        return encryption;
    }
    auto given = read_age_keys(*text, "`encrypt_to`");
    if (!given) return given.error();
    encryption.format = age_format;
    encryption.recipients = std::move(given->recipients);
    if (!given->identities.empty()) {
        const auto theirs = recipients_of(keys.programs, given->identities, watch);
        if (!theirs) return theirs.error();
        encryption.recipients.insert(encryption.recipients.end(), theirs->begin(), theirs->end());
    }
    const auto taken = check_recipients(keys.programs, encryption.recipients, watch);
    if (!taken) return taken.error();
    return encryption;
}

Status require_readable(const BackupKeys& keys, const std::string& id,
                        const BackupManifest& manifest, const StreamWatch& watch) {
    const BackupEncryption& encryption = manifest.encryption;
    if (!encryption.used()) return Done{};
    const std::string is = "The backup " + id + " is encrypted";
    if (keys.decrypt_with.is_nil())
        return fail("no_key", is + ", and " + keys.target +
                                  " has no setting `decrypt_with`. Name there the secret with an "
                                  "identity of age that can read it.");
    if (encryption.format == simulated_format) {
        const auto opened = open_key(keys, keys.decrypt_with);
        if (!opened) return opened.error();
        return Done{};
    }
    if (const auto age = find_age_program(keys.programs, "age"); !age) return age.error();
    const auto ours = readable_recipients(keys, watch);
    if (!ours) return ours.error();
    const auto& all = encryption.recipients;
    if (std::find_first_of(all.begin(), all.end(), ours->begin(), ours->end()) != all.end())
        return Done{};
    return fail("wrong_key", is + " for " + list_texts(all) + ", and no identity in " +
                                 setting_of(keys) + " is of " +
                                 (all.size() == 1 ? "that recipient" : "one of those recipients") +
                                 ", but of " + list_texts(*ours) + ".");
}

Result<std::vector<std::string>> readable_recipients(const BackupKeys& keys,
                                                     const StreamWatch& watch) {
    const auto identities = open_identities(keys);
    if (!identities) return identities.error();
    return recipients_of(keys.programs, *identities, watch);
}

std::unique_ptr<Cipher> Cipher::encrypting(const BackupKeys& keys,
                                           const BackupEncryption& encryption, TakeBytes take,
                                           const StreamWatch& watch) {
    if (!encryption.used()) return std::make_unique<NoCipher>(std::move(take));
    if (encryption.format == simulated_format)
        return std::make_unique<SimulatedCipher>(std::move(take));
    return std::make_unique<AgeCipher>(AgeCipher::Way::encrypting, [=] {
        return start_encrypting(keys.programs, encryption.recipients, take, watch);
    });
}

std::unique_ptr<Cipher> Cipher::decrypting(const BackupKeys& keys,
                                           const BackupEncryption& encryption, TakeBytes take,
                                           const StreamWatch& watch) {
    if (!encryption.used()) return std::make_unique<NoCipher>(std::move(take));
    if (encryption.format == simulated_format)
        return std::make_unique<SimulatedCipher>(std::move(take));
    return std::make_unique<AgeCipher>(
        AgeCipher::Way::decrypting, [=]() -> Result<std::unique_ptr<PipedProgram>> {
            const auto identities = open_identities(keys);
            if (!identities) return identities.error();
            return start_decrypting(keys.programs, *identities, take, watch);
        });
}

}  // namespace perilune
