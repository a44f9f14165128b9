// Who may read a backup: what a call's `encrypt_to` and a target's `decrypt_with` mean.
//
// A backup is encrypted by the program age in its format, so that it can be read without us. A
// simulated one is only marked as encrypted: what is in a world has no keys.
#pragma once

#include <functional>
#include <memory>

#include "bindings/database/backup_manifest.h"
#include "bindings/database/stream_watch.h"

namespace perilune {

// What a target's settings say, with what opens their secrets.
struct BackupKeys {
    std::string target;         // "database/primary"
    std::string programs = {};  // The folder of age's programs; empty: found.
    Value decrypt_with = {};    // Nil where the settings name none.
    bool simulated = false;
    std::function<Result<std::string>(const Value&)> open_secret = {};
};

// All of it blocks: for use off the loop.

// How a backup is to be encrypted: not at all where `encrypt_to` is nil. Of an identity, for its
// recipient. Errors: bad_key, no_program, and all of opening a secret.
Result<BackupEncryption> choose_encryption(const BackupKeys& keys, const Value& encrypt_to,
                                           const StreamWatch& watch);

// Refuses an encrypted backup that cannot be read here, before anything is done with it. Errors:
// no_key, wrong_key, bad_key, no_program.
Status require_readable(const BackupKeys& keys, const std::string& id,
                        const BackupManifest& manifest, const StreamWatch& watch);

// Whom the setting `decrypt_with` reads for. Errors: bad_key, no_program, and all of opening a
// secret.
Result<std::vector<std::string>> readable_recipients(const BackupKeys& keys,
                                                     const StreamWatch& watch);

// A stage of a stream: encrypts or decrypts what is written to it, or leaves it as it is.
class Cipher {
public:
    virtual ~Cipher() = default;
    // Errors of decrypting: damaged_stream.
    virtual Status write(std::string_view bytes) = 0;
    // Nothing may be written afterwards. Refuses what was cut off.
    virtual Status finish() = 0;

    static std::unique_ptr<Cipher> encrypting(const BackupKeys& keys,
                                              const BackupEncryption& encryption, TakeBytes take,
                                              const StreamWatch& watch);
    static std::unique_ptr<Cipher> decrypting(const BackupKeys& keys,
                                              const BackupEncryption& encryption, TakeBytes take,
                                              const StreamWatch& watch);
};

}  // namespace perilune
