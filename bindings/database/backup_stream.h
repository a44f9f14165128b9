// The bytes of a dump on their way into a storage target and back, with digests of both sides.
#pragma once

#include <memory>
#include <string>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/compression.h"
#include "interpreter/base/digest.h"

namespace perilune {

// Counts and digests what passes.
struct Meter {
    Digest digest;
    double bytes = 0;
    void add(std::string_view piece) {
        digest.add(piece);
        bytes += static_cast<double>(piece.size());
    }
};

// Compresses a dump into a sink, encrypts it where its manifest says so, and fills in the
// manifest's sizes and digests. The sink is neither committed nor abandoned.
class DumpWriter {
public:
    DumpWriter(ByteSink& sink, BackupManifest& manifest, const BackupKeys& keys, StreamWatch watch);
    Status write(std::string_view bytes);
    Status finish();

private:
    void tell() const;  // How far it is.

    BackupManifest& manifest_;
    StreamWatch watch_;
    Meter stored_;
    Meter database_;
    double began_s_;
    std::unique_ptr<Cipher> cipher_;
    std::unique_ptr<Packer> packer_;
};

// Decrypts and unpacks a dump into `take`, and appends a check for everything that can be wrong
// with its stream: its state, sizes and digests. Only what hinders the checking itself is an error;
// an error damaged_stream of `take` is a fault of the dump.
Status read_dump(const Shelf& shelf, const BackupEntry& entry, const TakeBytes& take,
                 const StreamWatch& watch, List& checks);

}  // namespace perilune
